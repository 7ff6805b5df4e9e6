from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError

from tasklog.api import listing
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun

LIST = "/tasklog/api/tasks/"
ONE = "/tasklog/api/tasks/run-1/"
LINES = "/tasklog/api/tasks/run-1/lines/"
START = datetime(2026, 1, 1, tzinfo=UTC)


def make_runs(count, **values):
    TaskRun.objects.bulk_create(
        TaskRun(
            task_id=f"t{number:03}",
            created_at=START + timedelta(seconds=number // 2),
            **{"name": "demo", **values},
        )
        for number in range(count)
    )


def ids(answer):
    return [run["task_id"] for run in answer.json()["results"]]


def walk(client, url, key="next"):
    """Every page from `url` on."""
    while url:
        parts = urlsplit(url)
        answer = client.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 200, answer.content
        yield answer
        url = answer.json()[key]


@pytest.mark.parametrize("url", [LIST, ONE, LINES])
def test_an_anonymous_caller_is_told_to_sign_in(client, run, url):
    answer = client.get(url)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer.headers["WWW-Authenticate"] == "Api-Key"


@pytest.mark.parametrize("url", [LIST, ONE, LINES])
def test_a_signed_in_person_may_read(person, run, url):
    assert person.get(url).status_code == 200


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("tasks:read", {LIST, ONE}),
        ("logs:read", {LINES}),
        ("control", set()),
        ("all", {LIST, ONE, LINES}),
    ],
)
def test_a_key_may_what_its_scope_says(program, run, scope, allowed):
    client = program(scope)
    for url in (LIST, ONE, LINES):
        answer = client.get(url)
        assert answer.status_code == (200 if url in allowed else 403)
        assert url in allowed or answer.json()["code"] == "permission_denied"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused_in_json(program, run, method):
    answer = getattr(program("all"), method)(ONE)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_the_list_has_the_promised_keys(person, run):
    body = person.get(LIST).json()
    assert list(body) == ["next", "previous", "results"]
    entry = body["results"][0]
    promised = {
        "task_id", "task_name", "status", "started_at", "completed_at", "progress", "queue",
        "worker", "duration", "attempts", "line_count", "warning_count", "error_count", "cause",
        "reason",
    }  # fmt: skip
    assert promised <= set(entry)
    assert entry["task_id"] == "run-1"
    assert entry["status"] == "STARTED"
    assert entry["worker"] == "w1@host"
    assert (entry["line_count"], entry["error_count"]) == (5, 1)
    assert entry["completed_at"] is None
    assert entry["duration"] >= 0


def test_the_detail_adds_result_and_logs(person, run):
    run.mark_success("fine")
    body = person.get(ONE).json()
    assert body["result"] == "fine"
    assert body["log_count"] == 5
    assert [line["message"] for line in body["logs"]] == [f"line {n}" for n in range(1, 6)]
    assert set(body["logs"][2]) == {
        "id", "timestamp", "stream", "message", "level", "logger", "attempt", "seq"
    }  # fmt: skip
    assert (body["logs"][2]["stream"], body["logs"][2]["level"]) == ("stderr", "ERROR")
    assert body["logs"][0]["timestamp"].endswith("Z")


def test_the_detail_carries_the_newest_thousand_lines(person, run):
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task_id="run-1", number=n, message=str(n)) for n in range(6, 1501)
    )
    logs = person.get(ONE).json()["logs"]
    assert (len(logs), logs[0]["id"], logs[-1]["id"]) == (1000, 501, 1500)


def test_a_key_without_logs_read_gets_no_lines_in_the_detail(program, run):
    assert program("tasks:read").get(ONE).json()["logs"] is None


def test_attempts_are_counted(person, run):
    for number in (1, 2):
        TaskAttempt.objects.create(task=run, number=number)
    assert person.get(LIST).json()["results"][0]["attempts"] == 2
    assert person.get(ONE).json()["attempts"] == 2


@pytest.mark.parametrize("task_id", ["nobody", "a%00b", "x" * 400, "%F0%9F%98%80", "%ff"])
@pytest.mark.parametrize("rest", ["", "lines/"])
def test_an_unknown_run_is_a_404_that_says_so(person, db, task_id, rest):
    answer = person.get(f"{LIST}{task_id}/{rest}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert answer.json()["error"].startswith("There is no run")


def test_a_run_hidden_from_the_user_is_a_404(person, run, settings):
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk="run-1")
    assert ids(person.get(LIST)) == []
    assert person.get(ONE).status_code == person.get(LINES).status_code == 404


def test_pages_hold_every_run_once_in_order(person, db):
    make_runs(23)
    pages = list(walk(person, f"{LIST}?limit=5"))
    found = [task_id for page in pages for task_id in ids(page)]
    assert found == [f"t{number:03}" for number in reversed(range(23))]
    assert pages[0].json()["previous"] is None
    assert pages[-1].json()["next"] is None


def test_previous_leads_back_over_the_same_runs(person, db):
    make_runs(12)
    last = list(walk(person, f"{LIST}?limit=5"))[-1]
    back = [ids(page) for page in walk(person, last.json()["previous"], "previous")]
    assert [task_id for page in reversed(back) for task_id in page] == [
        f"t{number:03}" for number in reversed(range(2, 12))
    ]


def test_a_short_reach_still_finds_everything_over_several_pages(person, db, monkeypatch):
    monkeypatch.setattr(listing, "REACH", 10)
    make_runs(60)
    TaskRun.objects.filter(task_id__in=["t003", "t031"]).update(args="needle")
    found = [i for page in walk(person, f"{LIST}?q=needle&limit=5") for i in ids(page)]
    assert found == ["t031", "t003"]


def test_a_short_reach_gets_past_many_runs_of_one_moment(person, db, monkeypatch):
    monkeypatch.setattr(listing, "REACH", 3)
    TaskRun.objects.bulk_create(
        TaskRun(task_id=f"t{n}", created_at=START, name="a") for n in range(9)
    )
    pages = list(walk(person, f"{LIST}?q=nothing&limit=1"))
    assert len(pages) <= 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=SUCCESS", ["b"]),
        ("status=success,FAILURE", ["c", "b"]),
        ("name=one", ["a"]),
        ("queue=low", ["b"]),
        ("worker=w2", ["c"]),
        ("signature=abc", ["c"]),
        ("user=vera&request=r-1", ["c"]),
        ("schedule=nightly", []),
        ("signature=abc&name=one", []),
        ("name=two&status=FAILURE", ["c"]),
        ("q=TW", ["c", "b"]),
        ("q=b", ["b"]),
        ("since=2026-01-02T00:00:00Z", ["c", "b"]),
        ("until=2026-01-01T00:00:00Z", ["a"]),
        ("since=2026-01-02T01:00:00%2B01:00&until=2026-01-02T00:00:00Z", ["b"]),
        ("status=&name=&q=", ["c", "b", "a"]),
    ],
)
def test_filters(person, db, query, expected):
    day = timedelta(days=1)
    TaskRun.objects.create(task_id="a", name="one", created_at=START)
    TaskRun.objects.create(
        task_id="b", name="two", state="SUCCESS", queue="low", created_at=START + day
    )
    TaskRun.objects.create(
        task_id="c", name="two", state="FAILURE", worker="w2", signature="abc",
        triggered_by="vera", request_id="r-1",
        created_at=START + 2 * day,
    )  # fmt: skip
    assert ids(person.get(f"{LIST}?{query}")) == expected


HOSTILE = ["-1", "0", "1e9", "1000000000", "1e309", "NaN", "text", "", "١", "9" * 2000, "1.5"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["limit", "after", "before", "cursor", "level", "since"])
@pytest.mark.parametrize("url", [LIST, LINES])
def test_numbers_are_bounded_and_never_an_error_of_ours(person, run, url, name, value):
    answer = person.get(url, {name: value})
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        body = answer.json()
        assert set(body) == {"error", "code", "fields"}
        assert name in body["fields"]


@pytest.mark.parametrize("value", ["-1", "0", "201", "1e9", "NaN", "text"])
def test_a_bad_limit_says_what_is_allowed(person, db, value):
    answer = person.get(LIST, {"limit": value})
    assert answer.status_code == 400
    assert answer.json()["fields"] == {"limit": "Give a whole number from 1 to 200."}


@pytest.mark.parametrize(
    ("query", "word"),
    [("status=DONE", "SUCCESS"), ("since=yesterday", "2026"), ("q=%00", "ull characters")],
)
def test_a_bad_word_says_what_is_allowed(person, db, query, word):
    answer = person.get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_accept_and_format_never_change_the_answer(person, run):
    answer = person.get(f"{ONE}?format=xml", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"


def test_progress_that_is_no_number_becomes_null(person, run):
    TaskRun.objects.filter(pk="run-1").update(progress=float("inf"))
    assert person.get(ONE).json()["progress"] is None


def numbers(answer):
    return [line["id"] for line in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("after=3", [4, 5]),
        ("before=3", [1, 2]),
        ("before=5&limit=2", [3, 4]),
        ("after=1&before=5&limit=2", [2, 3]),
        ("limit=2", [1, 2]),
        ("level=error", [3]),
        ("level=40", [3]),
        ("stream=stderr", [3]),
        ("stream=stdout,stderr&q=LINE 4", [4]),
        ("after=99", []),
    ],
)
def test_windows_of_lines(person, run, query, expected):
    assert numbers(person.get(f"{LINES}?{query}")) == expected


def test_next_walks_all_lines_forwards_and_previous_backwards(person, run):
    pages = list(walk(person, f"{LINES}?limit=2"))
    assert [numbers(page) for page in pages] == [[1, 2], [3, 4], [5]]
    back = list(walk(person, pages[-1].json()["previous"], "previous"))
    assert [numbers(page) for page in back][:2] == [[3, 4], [1, 2]]


@pytest.mark.parametrize("query", ["level=LOUD", "level=99", "stream=stdin", "limit=1001"])
def test_bad_windows_say_what_is_allowed(person, run, query):
    answer = person.get(f"{LINES}?{query}")
    assert answer.status_code == 400
    assert "Give" in answer.json()["error"]


def test_archived_lines_are_read_alike(person, run):
    from tasklog.archive.archiving import archive_run

    run.mark_success()
    archive_run("run-1")
    assert LogChunk.objects.exists()
    assert not TaskLogLine.objects.exists()
    assert numbers(person.get(LINES)) == [1, 2, 3, 4, 5]


def test_an_absent_database_is_a_503_in_json(person, run, monkeypatch):
    def away(*args):
        raise OperationalError("gone")

    monkeypatch.setattr("tasklog.api.views.page_of", away)
    answer = person.get(LIST)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_a_list_costs_the_same_few_queries_for_any_number_of_runs(
    person, db, django_assert_max_num_queries
):
    make_runs(100)
    with django_assert_max_num_queries(6):  # session, user, two for their role, runs, attempts
        assert len(ids(person.get(f"{LIST}?limit=100"))) == 100


def test_the_task_page_leads_to_the_dashboard(person, run):
    answer = person.get("/tasklog/task/run-1/")
    assert (answer.status_code, answer.url) == (302, "/runs/run-1/")
    assert person.get("/tasklog/diagnostic/").url == "/diagnostics/"


def test_head_answers_without_a_body(person, run):
    answer = person.head(LIST)
    assert (answer.status_code, answer.content) == (200, b"")
