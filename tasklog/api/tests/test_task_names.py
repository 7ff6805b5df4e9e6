"""`task-names/…`: the numbers of each task, its failures, and those sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import Task
from celery.result import EagerResult
from django.test import Client
from django.utils import timezone

from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun
from tasklog.recount import recount

URL = "/tasklog/api/task-names/"
Program = Callable[..., Client]


@pytest.fixture
def history(db: None) -> None:
    """Four good runs of 4 s, two that failed alike, and one of another task with a slash."""
    for n in range(4):
        ended(f"good{n}", "SUCCESS", triggered_by="key:program")
    for n in range(2):
        ended(f"bad{n}", "FAILURE", exception=f"ValueError: no price for {n}", retries=1)
    ended("other", "SUCCESS", name="ftp/fetch")
    recount()


def ended(task_id: str, state: str, **values: Any) -> TaskRun:
    now = timezone.now()
    given = {"name": "demo.quick", "payload": "exact", "args": "[]", "kwargs": "{}"} | values
    return TaskRun.objects.create(
        task_id=task_id, state=state, started_at=now - timedelta(seconds=4), finished_at=now,
        **given,
    )  # fmt: skip


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def apply(task: Any, args: Any = (), kwargs: Any = None, task_id: str = "", **_: Any) -> Any:
        names.append(task.name)
        return EagerResult(task_id, None, "SUCCESS")

    monkeypatch.setattr(Task, "apply", apply)
    return names


def test_a_task_is_told_in_numbers(program: Program, history: None) -> None:
    told = program("tasks:read").get(URL, {"sort": "failed"}).json()
    assert [one["name"] for one in told["results"]] == ["demo.quick", "ftp/fetch"]
    quick = told["results"][0]
    assert (quick["runs"], quick["succeeded"], quick["failed"], quick["retries"]) == (6, 4, 2, 2)
    assert quick["success_rate"] == pytest.approx(66.7, abs=0.1)
    assert quick["p50"] == pytest.approx(4, rel=0.11)
    assert (len(quick["throughput"]), sum(quick["throughput"])) == (24, 6)
    assert quick["last_failure"]["message"] == "no price for ‹n›"
    assert (told["total"], told["next"]) == (2, None)


def test_one_task_with_its_failures(program: Program, history: None) -> None:
    client = program("tasks:read")
    told = client.get(f"{URL}demo.quick/?window=7d").json()
    [kind] = told["failures"]
    assert (kind["kind"], kind["count"]) == ("ValueError", 2)
    assert kind == told["last_failure"]
    assert {run["task_id"] for run in told["last_failures"]} == {"bad0", "bad1"}
    assert told["last_failures"][0]["why"].startswith("ValueError: no price")
    assert client.get(f"{URL}ftp%252Ffetch/").json()["runs"] == 1


@pytest.mark.parametrize("name", ["nothing", "%00", "x" * 400])
def test_a_task_nobody_knows_is_a_404(program: Program, history: None, name: str) -> None:
    answer = program("tasks:read").get(f"{URL}{name}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [("window=1y", "window"), ("sort=x", "sort"), ("page=0", "page"), ("q=%00", "q")],
)
def test_what_makes_no_sense_is_a_400(program: Program, db: None, query: str, field: str) -> None:
    answer = program("tasks:read").get(f"{URL}?{query}")
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {field})


def test_pages_follow_each_other(
    program: Program, history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasklog.api.task_names.PAGE", 1)
    client = program("tasks:read")
    first = client.get(URL).json()
    second = client.get(first["next"].partition("testserver")[2]).json()
    names = [one["name"] for told in (first, second) for one in told["results"]]
    assert (names, second["next"]) == (["demo.quick", "ftp/fetch"], None)


def test_who_sees_some_runs_is_told_of_those_alone(
    program: Program, history: None, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.filter(
        triggered_by=user.get_username()
    )
    client = program("tasks:read", "control")
    [quick] = client.get(URL).json()["results"]
    assert (quick["runs"], quick["failed"], quick["last_failure"]) == (4, 0, None)
    assert client.get(f"{URL}ftp%252Ffetch/").status_code == 404
    signature = TaskRun.objects.get(pk="bad0").signature
    url = f"{URL}demo.quick/failures/{signature}/retry/"
    answer = client.post(url, content_type="application/json")
    assert answer.status_code == 404


def test_all_failures_of_a_kind_are_sent_again(
    program: Program, history: None, sent: list[str]
) -> None:
    signature = TaskRun.objects.get(pk="bad0").signature
    url, client = f"{URL}demo.quick/failures/{signature}/retry/", program("control", "tasks:read")
    planned = client.post(url, {"dry_run": True}, content_type="application/json").json()
    assert (planned["count"], planned["dry_run"], planned["more"], sent) == (2, True, False, [])
    done = client.post(url, content_type="application/json").json()
    assert (done["result"], set(done["made"])) == ("done", {"bad0", "bad1"})
    assert sent == ["demo.quick", "demo.quick"]
    assert AuditEntry.objects.filter(action="retry", user="key:program").count() == 3


def test_a_kind_nobody_knows_a_wrong_body_and_another_scope(
    program: Program, history: None, sent: list[str]
) -> None:
    client, url = program("control"), f"{URL}demo.quick/failures/none/retry/"
    assert client.post(url, content_type="application/json").status_code == 404
    wrong = client.post(url, {"dry": 1}, content_type="application/json")
    assert (wrong.status_code, set(wrong.json()["fields"])) == (400, {"dry"})
    assert program("tasks:read").post(url, content_type="application/json").status_code == 403
    assert sent == []


def test_a_task_is_given_tags_and_asked_for_by_them(program: Program, history: None) -> None:
    client, url = program("alerts", "tasks:read"), f"{URL}demo.quick/tags/"
    put = lambda body: client.put(url, body, content_type="application/json")  # noqa: E731
    assert put({"tags": ["Nightly", "billing"]}).json() == {"tags": ["billing", "nightly"]}
    assert AuditEntry.objects.get(action="tag").target == "demo.quick"
    found = client.get(URL, {"tag": "NIGHTLY"}).json()["results"]
    assert [(one["name"], one["tags"]) for one in found] == [("demo.quick", ["billing", "nightly"])]
    runs = client.get("/tasklog/api/tasks/", {"tag": "Nightly"}).json()["results"]
    assert {run["task_name"] for run in runs} == {"demo.quick"}
    assert client.get("/tasklog/api/tasks/", {"tag": "none"}).json()["results"] == []
    for wrong in ({"tags": ["two words"]}, {"tags": "a"}, {"tags": ["a"] * 21}, {}):
        answer = put(wrong)
        assert answer.status_code == 400
        assert "tags" in answer.json()["fields"]
    assert put({"tags": []}).json() == {"tags": []}
    assert client.put(f"{URL}nobody/tags/").status_code == 404
    assert program("tasks:read").put(url).status_code == 403
