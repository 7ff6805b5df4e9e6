"""`tasks/<id>/find/`, `…/attempts/`, `…/comparison/`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tasklog.models import TaskAttempt, TaskLogLine, TaskRun

Program = Callable[..., Client]
ONE = "/tasklog/api/tasks/run-1/"


@pytest.mark.parametrize(
    ("query", "number", "ordinal", "wrapped"),
    [
        ("q=LINE", 1, 1, False),
        ("q=line&start=2", 3, 3, False),
        ("q=line&start=5", 1, 1, True),
        ("q=line&start=3&direction=previous", 2, 2, False),
        ("level=ERROR", 3, 1, False),
        ("stream=stderr&start=3", 3, 1, True),
        ("q=nothing", None, None, False),
    ],
)
def test_the_next_match_and_which_it_is(
    program: Program, run: TaskRun, query: str, number: Any, ordinal: Any, wrapped: bool
) -> None:
    told = program("logs:read").get(f"{ONE}find/?{query}").json()
    assert (told["number"], told["ordinal"], told["wrapped"]) == (number, ordinal, wrapped)
    assert told["exact"]


def test_all_matches_are_named(program: Program, run: TaskRun) -> None:
    client = program("logs:read")
    assert client.get(f"{ONE}find/?q=line").json()["numbers"] == [1, 2, 3, 4, 5]
    assert client.get(f"{ONE}find/?q=line&count=false").json()["numbers"] == []


@pytest.mark.parametrize(
    "query", ["start=-1", "direction=up", "level=loud", "attempt=0", "stream=x", "count=x"]
)
def test_what_makes_no_sense_is_a_400(program: Program, run: TaskRun, query: str) -> None:
    answer = program("logs:read").get(f"{ONE}find/?{query}")
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {query.partition("=")[0]})


def test_attempts_tell_how_each_ended(program: Program, run: TaskRun) -> None:
    now = timezone.now()
    TaskAttempt.objects.create(
        task=run, number=1, worker="w1@host", pid=7, started_at=now - timedelta(seconds=9),
        finished_at=now, outcome="LOST", cause="vanished", reason="gone", emitted=5, stored=5,
    )  # fmt: skip
    TaskAttempt.objects.create(task=run, number=2, started_at=now)
    first, second = program("tasks:read").get(f"{ONE}attempts/").json()["results"]
    assert (first["number"], first["status"], first["reason"], first["emitted"]) == (
        1, "LOST", "gone", 5,
    )  # fmt: skip
    assert (second["status"], second["finished_at"], second["emitted"]) == ("", None, None)


def good_run() -> TaskRun:
    good = TaskRun.objects.create(
        task_id="good", name="orders.import", state="SUCCESS",
        created_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    TaskLogLine.objects.create(task=good, message="only there")
    return good


def test_a_run_beside_the_last_good_one(program: Program, run: TaskRun, settings: Any) -> None:
    good_run()
    TaskLogLine.objects.filter(task=run).update(level=40, message="disk refused")
    told = program("logs:read").get(f"{ONE}comparison/").json()
    assert told["good"]["task_id"] == "good"
    assert [kind["first"]["message"] for kind in told["only_there"]] == ["only there"]
    assert [kind["count"] for kind in told["only_here"]] == [5]
    (suspect,) = told["suspects"]
    assert suspect["kind"]["first"]["message"] == "disk refused"
    assert suspect["reasons"][:2] == ["error", "says “refused”"]
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk="good")
    told = program("logs:read").get(f"{ONE}comparison/").json()
    assert (told["good"], told["only_here"], told["same"]) == (None, [], 0)


@pytest.mark.parametrize(
    ("path", "scope"),
    [("find/", "tasks:read"), ("comparison/", "tasks:read"), ("attempts/", "logs:read")],
)
def test_a_key_needs_the_scope(program: Program, run: TaskRun, path: str, scope: str) -> None:
    assert program(scope).get(ONE + path).status_code == 403


@pytest.mark.parametrize("path", ["find/", "attempts/", "comparison/"])
def test_an_unknown_run_is_a_404(program: Program, db: None, path: str) -> None:
    for task_id in ("nobody", "a%00b"):
        assert program("all").get(f"/tasklog/api/tasks/{task_id}/{path}").status_code == 404
