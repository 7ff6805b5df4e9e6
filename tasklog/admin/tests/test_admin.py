from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasklog.admin import lines as lines_admin
from tasklog.archive.archiving import archive_run
from tasklog.models import Drainer, LogChunk, TaskAttempt, TaskLogLine, TaskRun, TaskWorker

RUNS, LINES, ATTEMPTS = (
    f"/admin/tasklog/{model}/" for model in ("taskrun", "tasklogline", "taskattempt")
)
ID = "5f3c9a10-1111-4222-8333-44445555e91a"


@pytest.fixture
def run(db):
    run = TaskRun.objects.create(task_id=ID, name="orders.import", state="FAILURE")
    TaskRun.objects.create(task_id="other", name="mail.send", state="SUCCESS")
    for message, stream, level in [("first", "stdout", 0), ("<b>disk full</b>", "stderr", 40)]:
        TaskLogLine.objects.create(task_id=ID, message=message, stream=stream, level=level)
    TaskLogLine.objects.create(task_id="other", message="hello", stream="log", level=20)
    TaskAttempt.objects.create(task=run, outcome="FAILURE", finished_at=run.created_at)
    return run


def names(answer):
    return {row.pk for row in answer.context["cl"].result_list}


def messages(answer):
    return {row.message for row in answer.context["cl"].result_list}


def test_runs_show_badges_short_ids_and_durations(admin_client, run):
    TaskRun.objects.filter(pk=ID).update(
        started_at=run.created_at, finished_at=run.created_at + timedelta(seconds=112)
    )
    page = admin_client.get(RUNS).content.decode()
    assert '<span class="tl-badge tl-failure">Failed</span>' in page
    assert "5f3c…e91a" in page
    assert "1 m 52 s" in page
    assert "tasklog/admin.css" in page


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (ID, {ID}),
        ("5f3c9a", {ID}),
        ("orders", {ID}),
        ("DISK", {ID}),
        ("hello", {"other"}),
        ("nothing such", set()),
        ("", {ID, "other"}),
        ("%00", set()),
    ],
)
def test_runs_are_searched_by_id_name_and_message(admin_client, run, words, found):
    assert names(admin_client.get(RUNS, {"q": words})) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (ID, {"first", "<b>disk full</b>"}),
        (f"{ID} full", {"<b>disk full</b>"}),
        ("5f3c9a", {"first", "<b>disk full</b>"}),
        ("FULL", {"<b>disk full</b>"}),
        ("", {"first", "<b>disk full</b>", "hello"}),
        ("absent", set()),
    ],
)
def test_lines_are_searched_by_run_and_message(admin_client, run, words, found):
    assert messages(admin_client.get(LINES, {"q": words})) == found


def test_lines_are_filtered_by_stream_and_level(admin_client, run):
    assert messages(admin_client.get(LINES, {"stream__exact": "log"})) == {"hello"}
    assert messages(admin_client.get(LINES, {"level__exact": "40"})) == {"<b>disk full</b>"}


def test_runs_are_filtered_by_state(admin_client, run):
    assert names(admin_client.get(RUNS, {"state__exact": "SUCCESS"})) == {"other"}


def test_messages_are_escaped(admin_client, run):
    page = admin_client.get(LINES).content.decode()
    assert "&lt;b&gt;disk full&lt;/b&gt;" in page
    assert "<b>disk" not in page


def test_lines_outside_the_window_are_found_by_their_run_only(admin_client, run, monkeypatch):
    monkeypatch.setattr(lines_admin, "WINDOW", 1)
    assert messages(admin_client.get(LINES)) == {"hello"}
    assert messages(admin_client.get(LINES, {"q": "disk"})) == set()
    assert messages(admin_client.get(LINES, {"q": f"{ID} disk"})) == {"<b>disk full</b>"}


def test_nothing_can_be_changed(admin_client, run):
    line = TaskLogLine.objects.first()
    for url, pk in ((RUNS, ID), (LINES, line.pk), (ATTEMPTS, run.attempts.get().pk)):
        assert admin_client.get(f"{url}add/").status_code == 403
        page = admin_client.get(f"{url}{pk}/change/")
        assert page.status_code == 200
        assert b'name="_save"' not in page.content
        assert admin_client.post(f"{url}{pk}/change/", {}).status_code == 403
        assert admin_client.post(f"{url}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert TaskLogLine.objects.count() == 3


def test_the_date_hierarchy_shows_what_there_is(admin_client, db):
    moments = [(2025, 3, 1), (2025, 3, 31), (2025, 12, 31), (2026, 1, 1)]
    for number, (year, month, day) in enumerate(moments):
        at = datetime(year, month, day, 23, 30, tzinfo=UTC)
        TaskRun.objects.create(task_id=f"r{number}", created_at=at)
    page = admin_client.get(RUNS).content.decode()
    assert "created_at__year=2025" in page
    assert "created_at__year=2026" in page
    page = admin_client.get(RUNS, {"created_at__year": 2025}).content.decode()
    assert "created_at__month=3" in page
    assert "created_at__month=12" in page
    assert "created_at__month=4" not in page
    query = {"created_at__year": 2025, "created_at__month": 3}
    page = admin_client.get(RUNS, query).content.decode()
    assert "created_at__day=31" in page
    assert "created_at__day=2&" not in page
    assert names(admin_client.get(RUNS, query)) == {"r0", "r1"}


@pytest.mark.parametrize("url", [RUNS, LINES, ATTEMPTS])
@pytest.mark.parametrize(
    "query", ["", "?q=full", "?q=5f3c9a10", "?o=1.2.3", "?p=2", "?_facets=True"]
)
def test_every_query_is_bounded(admin_client, run, url, query):
    TaskRun.objects.bulk_create(TaskRun(task_id=f"5f3c9a10-{n}", name="full") for n in range(60))
    TaskAttempt.objects.bulk_create(TaskAttempt(task=run, number=n) for n in range(2, 62))
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, message="full") for n in range(10, 70)
    )
    with CaptureQueriesContext(connection) as captured:
        assert admin_client.get(url + query).status_code == 200
    ours = [asked["sql"] for asked in captured.captured_queries if '"tasklog_' in asked["sql"]]
    assert ours
    assert [sql for sql in ours if "LIMIT" not in sql and "MAX(" not in sql] == []


def test_workers_and_drainers_tell_whether_they_live(admin_client, db):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    TaskWorker.objects.create(name="a@h")
    TaskWorker.objects.create(name="b@h", seen_at=long_ago)
    TaskWorker.objects.create(name="c@h", stopped_at=long_ago)
    Drainer.objects.create(host="h")
    page = admin_client.get("/admin/tasklog/taskworker/").content.decode()
    assert all(word in page for word in ("Alive", "Vanished", "Stopped"))
    assert "Alive" in admin_client.get("/admin/tasklog/drainer/").content.decode()


@pytest.mark.parametrize(
    "query",
    ["p=-1", "p=9999999", "p=x", "e=1", "o=99", "state__exact=%00", "q=%00&q=a",
     "created_at__year=9999", "created_at__month=2", "created_at__year=0", "%00=1"],
)  # fmt: skip
def test_a_strange_address_is_no_error_of_ours(admin_client, run, query):
    assert admin_client.get(f"{RUNS}?{query}").status_code in (200, 302, 400)


@pytest.mark.parametrize("url", [RUNS, LINES, ATTEMPTS])
@pytest.mark.parametrize("pk", ["%00", "_00", "9" * 30, "none"])
def test_a_strange_id_is_no_error_of_ours(admin_client, run, url, pk):
    assert admin_client.get(f"{url}{pk}/change/").status_code in (302, 404)


def only_other(user, runs):
    return runs.filter(pk="other")


def test_lines_and_attempts_of_a_hidden_run_are_hidden_too(admin_client, run, settings):
    settings.CELERY_TASKLOG_VISIBILITY = only_other
    line, attempt = run.lines.first(), run.attempts.get()
    assert names(admin_client.get(RUNS)) == {"other"}
    assert messages(admin_client.get(LINES)) == {"hello"}
    assert messages(admin_client.get(LINES, {"q": "full"})) == set()
    assert names(admin_client.get(ATTEMPTS)) == set()
    for url, pk in ((RUNS, ID), (LINES, line.pk), (ATTEMPTS, attempt.pk)):
        assert admin_client.get(f"{url}{pk}/change/").status_code == 302


def test_a_run_tells_how_many_of_its_lines_are_archived(admin_client, run):
    assert "none; <a" in admin_client.get(f"{RUNS}{ID}/change/").content.decode()
    for first in (1, 3001):
        LogChunk.objects.create(
            task=run, first=first, last=first + 2999, count=3000, codec="zlib", raw_bytes=1
        )
    page = admin_client.get(f"{RUNS}{ID}/change/").content.decode()
    assert f'6,000 in 2 chunks; read them on <a href="/runs/{ID}/">' in page


def test_a_run_shows_its_newest_lines_whether_they_are_archived_or_not(admin_client, run):
    def shown():
        return admin_client.get(f"{RUNS}{ID}/change/").content.decode().partition("tl-lines")[2]

    before = shown()
    assert "first\n" in before
    assert "stderr  &lt;b&gt;disk full&lt;/b&gt;</pre>" in before
    assert archive_run(ID) == 2
    assert shown().partition("</pre>")[0] == before.partition("</pre>")[0]


def test_an_archive_that_cannot_be_read_is_told_on_the_page(admin_client, run):
    archive_run(ID)
    LogChunk.objects.update(data=b"damaged")
    answer = admin_client.get(f"{RUNS}{ID}/change/")
    assert answer.status_code == 200
    assert "Archived lines cannot be read" in answer.content.decode()


def test_a_project_without_our_pages_has_the_admin_all_the_same(admin_client, run, settings):
    settings.ROOT_URLCONF = "tasklog.admin.tests.bare_urls"
    answer = admin_client.get(f"{RUNS}{ID}/change/")
    assert answer.status_code == 200
    assert "none; its page" in answer.content.decode()
