"""The run page and its fragments, without a browser."""

import csv
import gzip
import io
import json
import shutil

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasklog.archive.archiving import archive_run
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    client = Client()
    client.force_login(User.objects.create_user("ada"))
    return client


@pytest.fixture
def run():
    run = TaskRun.objects.create(
        task_id="5f3c/e91a".replace("/", "-"), name="orders.import", state="STARTED"
    )
    TaskAttempt.objects.create(task=run)
    return run


def write(run, *messages, **values):
    rows = [
        TaskLogLine(task=run, number=n, seq=n, message=text, **values)
        for n, text in enumerate(messages, run.line_count + 1)
    ]
    TaskLogLine.objects.bulk_create(rows)
    run.line_count += len(rows)
    run.save()


def get(client, run, path="", **options):
    return client.get(f"/runs/{run.pk}/{path}", **options)


@pytest.mark.parametrize("path", ["", "status/", "lines/", "download/", "stream/"])
def test_an_unknown_run_is_not_found(client, path):
    assert client.get(f"/runs/nobody/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "status/", "lines/", "download/"])
def test_a_run_somebody_may_not_see_is_not_found(client, run, path, settings):
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert get(client, run, path).status_code == 404


def test_the_page_shows_the_newest_lines_and_a_link_to_older_ones(client, run):
    write(run, *(f"line {n}" for n in range(1, 1502)))
    page = get(client, run).content.decode()
    assert ">line 1501<" in page
    assert ">line 502<" in page
    assert ">line 501<" not in page
    assert "?before=502" in page


def test_windows_join_without_gap_or_overlap(client, run):
    write(run, *(f"line {n}" for n in range(1, 2501)))
    older = get(client, run, "lines/?before=1501").content.decode()
    assert (">line 501<" in older, ">line 1500<" in older) == (True, True)
    assert (">line 500<" in older, ">line 1501<" in older) == (False, False)
    newer = get(client, run, "lines/?after=1500").content.decode()
    assert (">line 1501<" in newer, ">line 2500<" in newer, "edge" in newer) == (True, True, False)


def test_hidden_lines_are_loaded_up_to_where_the_page_goes_on(client, run):
    write(run, *(f"line {n}" for n in range(1, 3001)))
    part = get(client, run, "lines/?after=100&before=1200").content.decode()
    assert "99 lines hidden by the flood" in part
    assert 'data-load="?before=1200&amp;after=1100" data-hidden="99"' in part


@pytest.mark.parametrize("query", ["?before=x", "?after=-1", "?line=9999999999999999999", "?q=%00"])
def test_an_address_that_makes_no_sense_shows_the_log(client, run, query):
    write(run, "hello")
    assert get(client, run, query).status_code == 200


def test_the_status_is_sent_only_when_it_changed(client, run):
    first = get(client, run, "status/")
    again = {"If-None-Match": first["ETag"]}
    assert get(client, run, "status/", headers=again).status_code == 304
    run.mark_success()
    assert get(client, run, "status/", headers=again).status_code == 200


def test_the_status_of_an_ended_run_is_no_longer_asked_for(client, run):
    assert b"hx-get" in get(client, run, "status/").content
    TaskAttempt.objects.update(finished_at=run.created_at)
    run.mark_success()
    assert b"hx-get" not in get(client, run, "status/").content


def test_a_receipt_that_does_not_add_up_is_an_error(client, run):
    TaskAttempt.objects.update(
        finished_at=run.created_at, outcome="SUCCESS", emitted=10, stored=7, dropped=1
    )
    run.mark_success()
    assert b"<b>2</b> of 10 emitted lines are missing" in get(client, run).content


def text_of(response):
    return b"".join(response.streaming_content)


def test_a_download_carries_every_line_in_a_safe_file_name(client, run):
    run.name = '../a "b"\r\nc'
    write(run, "eins", "zwei\x1b[31m rot\x1b[0m")
    response = get(client, run, "download/")
    assert response["Content-Disposition"] == 'attachment; filename="a_b_c-5f3c-e91a.txt"'
    lines = text_of(response).decode().splitlines()
    assert [line.split("out   ")[1] for line in lines] == ["eins", "zwei rot"]


def test_a_download_as_json_has_an_object_a_line(client, run):
    write(run, "eins", stream="log", level=30, logger="shop")
    (line,) = map(json.loads, text_of(get(client, run, "download/?format=jsonl")).splitlines())
    assert (line["number"], line["level"], line["message"]) == (1, "WARNING", "eins")


@pytest.mark.parametrize("message", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_of_a_csv_is_a_formula(client, run, message):
    write(run, message)
    rows = list(csv.reader(io.StringIO(text_of(get(client, run, "download/?format=csv")).decode())))
    assert rows[1][-1] == "'" + message


def test_a_download_reads_back_as_it_was_written(client, run):
    odd = [
        'a "quote", a comma',
        "two\nlines\r",
        " space ",
        "",
        "Grüße 日本 \x1b[31m",
        "back\\slash",
    ]
    write(run, *odd, stream="log", level=25, logger='odd "name", of a logger')
    sheet = b"".join(get(client, run, "download/?format=csv").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(sheet, newline="")))
    assert [row["message"] for row in rows] == odd
    assert {row["logger"] for row in rows} == {'odd "name", of a logger'}
    assert {row["level"] for row in rows} == {"Level 25"}
    objects = b"".join(get(client, run, "download/?format=jsonl").streaming_content).decode()
    read = [json.loads(line) for line in objects.split("\n")[:-1]]
    assert [one["message"] for one in read] == odd
    assert list(read[0]) == list(rows[0])
    assert (read[0]["number"], read[0]["level"]) == (1, "Level 25")


def test_a_download_is_compressed_for_who_can_read_it(client, run):
    write(run, "eins")
    response = get(client, run, "download/", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(text_of(response)).endswith(b"eins\n")


def test_a_download_of_a_filtered_view_has_only_its_lines(client, run):
    write(run, "eins", "zwei")
    assert text_of(get(client, run, "download/?q=zwei")).endswith(b"zwei\n")


def test_an_unknown_format_is_refused_with_those_there_are(client, run):
    response = get(client, run, "download/?format=exe")
    assert (response.status_code, b"txt, jsonl, csv" in response.content) == (400, True)


def test_a_stream_asked_for_by_another_site_is_refused(client, run):
    answer = get(client, run, "stream/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_the_status_brings_the_counts_of_the_filters(client, run):
    TaskRun.objects.update(error_count=2, warning_count=3, counts={"stdout": 7})
    status = get(client, run, "status/").content.decode()
    for name, count in (("error", 2), ("warning", 5), ("stdout", 7), ("stderr", 0)):
        assert f'<b id="count-{name}" hx-swap-oob="true">{count}</b>' in status


def test_the_other_tabs_are_not_sent_what_only_the_log_shows(client, run):
    address = f"/runs/{run.task_id}/status/"
    assert 'id="count-stdout"' in client.get(address).text
    assert 'id="count-stdout"' not in client.get(f"{address}?tab=details").text


def test_the_status_brings_how_many_attempts_there_are_to_every_tab(client, run):
    url = f"/runs/{run.pk}/status/"
    tag = client.get(f"{url}?tab=details").headers["ETag"]
    TaskAttempt.objects.create(task=run, number=2)
    changed = client.get(f"{url}?tab=details", headers={"If-None-Match": tag})
    assert '<span class="count" id="attempt-count" hx-swap-oob="true">2</span>' in (
        changed.content.decode()
    )


def test_of_a_very_long_line_the_beginning_is_drawn_and_the_whole_is_a_click_away(client, run):
    write(run, "short", "x" * 200_000 + "<the end>")
    page = get(client, run).content.decode()
    assert len(page) < 60_000
    assert 'href="lines/?whole=2"' in page
    assert "whole=1" not in page
    drawn = get(client, run, "lines/?whole=2", headers={"HX-Request": "true"}).content.decode()
    assert "x&lt;the end&gt;" in drawn
    assert "whole=2" not in drawn
    plain = get(client, run, "lines/?whole=2")
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert plain.content.decode().endswith("x<the end>")
    assert get(client, run, "lines/?whole=3").status_code == 404
    everything = b"".join(get(client, run, "download/").streaming_content)
    assert b"x<the end>" in everything


def test_one_dropped_line_is_one(client, run):
    write(run, "first")
    run.line_count = 2
    write(run, "third")
    assert "1 line was dropped here (2)" in get(client, run).content.decode()


@pytest.mark.parametrize("path", ["", "lines/?at=1", "find/?find=x", "?tab=details"])
def test_an_archive_that_cannot_be_read_is_said_and_the_other_tabs_work(
    client, run, path, tmp_path, settings
):
    place = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path)},
    }
    settings.STORAGES = {**settings.STORAGES, "tasklog_archive": place}
    write(run, "x", "y")
    archive_run(run.pk)
    assert get(client, run, path).status_code == 200
    shutil.rmtree(tmp_path)
    answer = get(client, run, path)
    if path == "?tab=details":
        assert answer.status_code == 200
        return
    assert answer.status_code == 503
    assert "Archived lines of this run cannot be read" in answer.content.decode()
    assert str(tmp_path) not in answer.content.decode()
