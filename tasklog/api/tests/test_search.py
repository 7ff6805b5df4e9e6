"""`GET search/`: the page's query language for programs."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tasklog.models import TaskLogLine, TaskRun
from tasklog.search import hunt, turns

URL = "/tasklog/api/search/"
Program = Callable[..., Client]


def say(task_id: str, *messages: str, **values: object) -> TaskRun:
    run = TaskRun.objects.create(task_id=task_id, name="orders.import", **values)
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, seq=n, message=message)
        for n, message in enumerate(messages, 1)
    )
    return run


def found(answer: object) -> list[str]:
    return [one["run"]["task_id"] for one in answer.json()["results"]]  # type: ignore[attr-defined]


def test_matches_come_by_run_with_the_lines_around_them(program: Program) -> None:
    say("a", "one", "two", "disk full", "four", "five", "six")
    told = program("logs:read").get(URL, {"q": "DISK task:orders.*"}).json()
    [one] = told["results"]
    assert (one["run"]["task_id"], one["run"]["task_name"], one["count"]) == (
        "a", "orders.import", 1,
    )  # fmt: skip
    [passage] = one["passages"]
    assert [(line["id"], line["match"]) for line in passage] == [
        (1, False), (2, False), (3, True), (4, False), (5, False),
    ]  # fmt: skip
    assert (told["next"], told["count"]) == (None, 1)


def test_mistakes_are_pointed_out_where_they_are(program: Program) -> None:
    answer = program("logs:read").get(URL, {"q": " ok  levl:error state:done"})
    told = answer.json()
    assert (answer.status_code, told["code"], set(told["fields"])) == (400, "invalid", {"q"})
    places = [(one["start"], one["end"], one["text"]) for one in told["problems"]]
    assert places == [(5, 9, "levl"), (22, 26, "done")]
    assert all(one["error"] for one in told["problems"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "   "}, "q"),
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 501}, "q"),
        ({"q": "x", "cursor": "l-1"}, "cursor"),
        ({"q": "x", "cursor": "c9999999999999999999.1"}, "cursor"),
        ({"q": "x", "cursor": "r1.2.a\0"}, "cursor"),
    ],
)
def test_what_makes_no_sense_is_a_400(program: Program, query: dict[str, str], field: str) -> None:
    answer = program("logs:read").get(URL, query)
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {field})


def test_pages_follow_each_other_without_gap_or_double(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunt, "PAGE_RUNS", 2)
    for n in range(5):
        say(f"r{n}", "needle")
    client, url, seen = program("logs:read"), f"{URL}?q=needle", []
    while url:
        parts = urlsplit(url)
        answer = client.get(f"{parts.path}?{parts.query}")
        seen += found(answer)
        url = answer.json()["next"]
    assert seen == ["r4", "r3", "r2", "r1", "r0"]


def test_only_runs_that_one_may_see_are_searched(
    program: Program, settings: object, db: None
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.filter(  # type: ignore[attr-defined]
        triggered_by=user.get_username()
    )
    say("mine", "needle", triggered_by="key:program")
    say("theirs", "needle", triggered_by="somebody")
    assert found(program("logs:read").get(URL, {"q": "needle"})) == ["mine"]


def test_a_long_line_is_cut_and_says_so(program: Program) -> None:
    say("long", "needle " + "x" * 10_000)
    told = program("logs:read").get(URL, {"q": "needle"}).json()
    [[line]] = told["results"][0]["passages"]
    assert (len(line["message"]), line["cut"]) == (4_000, True)


def test_another_scope_may_not_search(program: Program) -> None:
    assert program("tasks:read").get(URL, {"q": "x"}).status_code == 403


def test_when_too_many_search_the_others_are_told_to_wait(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0)
    client = program("logs:read")
    for _ in range(turns.AT_ONCE):
        turns._free.acquire()
    try:
        answer = client.get(URL, {"q": "x"})
    finally:
        turns._free.release(turns.AT_ONCE)
    assert (answer.status_code, answer.json()["code"]) == (429, "busy")
    assert answer.headers["Retry-After"] == "2"
