"""One page of runs, its neighbours and its counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard import listing
from dashboard.filters import RunFilter
from dashboard.listing import count_states, list_runs
from tasklog.models import TaskRun

Make = Callable[..., TaskRun]


def ids(**asked: str) -> list[str]:
    return [run.task_id for run in list_runs(TaskRun.objects.all(), RunFilter(**asked)).runs]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)


def test_the_newest_run_stands_first(make_run: Make) -> None:
    make_run("old", minutes=1)
    make_run("new", minutes=2)
    assert ids() == ["new", "old"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "failed"}, ["lost", "timeout", "failure"]),
        ({"state": "running"}, ["started"]),
        ({"state": "waiting"}, ["pending"]),
        ({"state": "retrying"}, ["retry"]),
        ({"state": "succeeded"}, ["success"]),
        ({"state": "revoked"}, ["revoked"]),
        ({"task": "billing.charge"}, ["lost", "pending"]),
        ({"queue": "high"}, ["success"]),
        ({"worker": "celery@w2"}, ["timeout"]),
        ({"q": "4471"}, ["failure"]),
        ({"q": "ACME"}, ["retry"]),
        ({"q": "revok"}, ["revoked"]),
        ({"q": "id:lost"}, ["lost"]),
        ({"q": "user:grace"}, ["revoked"]),
        ({"q": "error:OSError"}, ["failure"]),
        ({"q": "task:bill*"}, ["lost", "pending"]),
        ({"q": "state:failed task:billing.charge"}, ["lost"]),
        ({"state": "failed", "worker": "celery@w2"}, ["timeout"]),
        ({"task": "billing.charge", "queue": "high"}, []),
        ({"q": "nowhere"}, []),
    ],
)
def test_each_filter_finds_its_runs(
    make_run: Make, asked: dict[str, str], found: list[str]
) -> None:
    make_run("pending", minutes=0, state="PENDING", name="billing.charge")
    make_run("started", minutes=1, state="STARTED")
    make_run("success", minutes=2, state="SUCCESS", queue="high")
    make_run("failure", minutes=3, state="FAILURE", args="[4471]", exception="OSError()")
    make_run("retry", minutes=4, state="RETRY", kwargs='{"feed": "acme"}')
    make_run("timeout", minutes=5, state="TIMEOUT", worker="celery@w2")
    make_run("revoked", minutes=6, state="REVOKED", triggered_by="grace")
    make_run("lost", minutes=7, state="LOST", name="billing.charge")
    assert ids(**asked) == found


def test_since_leaves_out_what_is_older(make_run: Make) -> None:
    make_run("fresh", created_at=timezone.now() - timedelta(minutes=5))
    make_run("stale", created_at=timezone.now() - timedelta(hours=2))
    assert ids(since="1h") == ["fresh"]


@pytest.mark.usefixtures("small_pages")
def test_pages_neither_repeat_nor_skip_a_run_while_new_ones_arrive(make_run: Make) -> None:
    for n in range(8):
        make_run(f"run{n}", minutes=n // 2)  # pairs share a moment: the id decides
    first = list_runs(TaskRun.objects.all(), RunFilter())
    make_run("newcomer", minutes=99)
    second = list_runs(TaskRun.objects.all(), RunFilter(before=first.older))
    third = list_runs(TaskRun.objects.all(), RunFilter(before=second.older))
    pages = [[run.task_id for run in page.runs] for page in (first, second, third)]
    assert pages == [["run7", "run6", "run5"], ["run4", "run3", "run2"], ["run1", "run0"]]
    assert third.older == ""


@pytest.mark.usefixtures("small_pages")
def test_newer_leads_back_the_way_older_went(make_run: Make) -> None:
    for n in range(9):
        make_run(f"run{n}", minutes=n)
    second = list_runs(TaskRun.objects.all(), RunFilter(before=_cursor("run6")))
    assert [run.task_id for run in second.runs] == ["run5", "run4", "run3"]
    assert ids(after=second.newer) == ["run8", "run7", "run6"]


@pytest.mark.usefixtures("small_pages")
def test_newer_near_the_top_fills_the_first_page(make_run: Make) -> None:
    for n in range(5):
        make_run(f"run{n}", minutes=n)
    assert ids(after=_cursor("run3")) == ["run4", "run3", "run2"]


@pytest.mark.usefixtures("small_pages")
def test_a_group_of_states_is_paged_in_one_order(make_run: Make) -> None:
    for n, state in enumerate(["LOST", "FAILURE", "TIMEOUT", "FAILURE", "LOST"]):
        make_run(f"run{n}", minutes=n, state=state)
    page = list_runs(TaskRun.objects.all(), RunFilter(state="failed"))
    assert [run.task_id for run in page.runs] == ["run4", "run3", "run2"]
    assert ids(state="failed", before=page.older) == ["run1", "run0"]


@pytest.mark.parametrize("mangled", ["x", "12", "99999999999999999.x", "-5.a", ".", "12e3.a"])
def test_a_mangled_position_begins_anew(make_run: Make, mangled: str) -> None:
    make_run("only")
    assert ids(before=mangled) in (["only"], [])
    assert ids(after=mangled) == ["only"]


def test_a_search_says_how_far_it_looked_and_goes_on_from_there(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "REACH", 5)
    make_run("needle", minutes=0)
    for n in range(1, 9):
        make_run(f"hay{n}", minutes=n)
    first = list_runs(TaskRun.objects.all(), RunFilter(q="needle"))
    assert (first.runs, first.searched) == ([], 5)
    assert ids(q="needle", before=first.older) == ["needle"]


def test_two_filters_sift_the_candidates_of_the_rarer(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "REACH", 5)
    make_run("wanted", minutes=0, queue="high", state="FAILURE")
    for n in range(1, 20):
        make_run(f"run{n}", minutes=n, state="FAILURE")
    found = list_runs(TaskRun.objects.all(), RunFilter(state="failed", queue="high"))
    assert [run.task_id for run in found.runs] == ["wanted"]
    assert not found.searched


def test_counts_follow_the_other_filters_but_not_the_state(make_run: Make) -> None:
    make_run("a", state="FAILURE", queue="high")
    make_run("b", state="SUCCESS", queue="high")
    make_run("c", state="SUCCESS")
    counts = count_states(TaskRun.objects.all(), RunFilter(state="failed", queue="high"))
    assert (counts["all"], counts["failed"], counts["succeeded"]) == ("2", "1", "1")


def test_counts_stop_at_their_limit(make_run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNT_LIMIT", 2)
    for n in range(4):
        make_run(f"run{n}", state="SUCCESS")
    counts = count_states(TaskRun.objects.all(), RunFilter())
    assert (counts["all"], counts["succeeded"], counts["failed"]) == ("2+", "2+", "0")


def test_a_window_that_ended_early_counts_or_more(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "REACH", 2)
    for n in range(6):
        make_run(f"run{n}", minutes=n, state="SUCCESS")
    assert count_states(TaskRun.objects.all(), RunFilter(q="run"))["all"].endswith("+")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"state": "running"},
        {"state": "failed"},
        {"task": "t"},
        {"queue": "q"},
        {"worker": "w"},
        {"state": "failed", "worker": "w"},
        {"q": "text", "task": "t"},
    ],
)
@pytest.mark.usefixtures("db")
def test_no_filter_reads_the_whole_table(asked: dict[str, Any]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("an empty table is read whole by PostgreSQL")
    with CaptureQueriesContext(connection) as queries:
        ids(**asked)
    for query in list(queries):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "USING INDEX" in plan or "USING COVERING INDEX" in plan, (query["sql"], plan)


def _cursor(task_id: str) -> str:
    return listing._cursor(TaskRun.objects.get(pk=task_id))
