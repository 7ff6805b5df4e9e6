"""Acting on runs by key: what is refused, in which words, and what is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Task
from celery.result import EagerResult
from django.test import Client

from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun

Program = Callable[..., Client]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def apply(task: Any, args: Any = (), kwargs: Any = None, task_id: str = "", **_: Any) -> Any:
        calls.append((task.name, kwargs or {}))
        return EagerResult(task_id, None, "SUCCESS")

    monkeypatch.setattr(Task, "apply", apply)
    return calls


@pytest.fixture
def ended(db: None) -> TaskRun:
    return TaskRun.objects.create(
        task_id="e1", name="demo.quick", state="FAILURE", payload="exact", args="[]", kwargs="{}"
    )


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/tasklog/api/{path}", body or {}, content_type="application/json")


def test_a_retry_answers_with_the_new_run_and_a_repeat_with_the_first(
    program: Program, ended: TaskRun, sent: list[Any]
) -> None:
    key = program("control")
    first = post(key, "tasks/e1/retry/")
    assert first.status_code == 200
    told = first.json()
    assert (told["result"], told["rerun_of"]) == ("done", "e1")
    again = post(key, "tasks/e1/retry/")
    assert again.status_code == 409
    assert (again.json()["code"], again.json()["task_id"]) == ("repeated", told["task_id"])
    assert len(sent) == 1
    assert AuditEntry.objects.filter(action="retry", user="key:program").count() == 2


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("tasks/e1/retry/", {"args": {}}, "args"),
        ("tasks/e1/retry/", {"countdown": -1}, "countdown"),
        ("tasks/e1/retry/", {"speed": 1}, "speed"),
        ("tasks/e1/terminate/", {"signal": "SIGSTOP"}, "signal"),
        ("tasks/bulk/", {"action": "delete", "task_ids": ["e1"]}, "action"),
        ("tasks/bulk/", {"action": "retry", "task_ids": []}, "task_ids"),
        ("launch/", {"task": "demo.long", "kwargs": {"duration": "soon"}}, "duration"),
        ("launch/", {"task": "celery.backend_cleanup"}, "task"),
        ("launch/", {}, "task"),
    ],
)
def test_a_wrong_body_is_named_and_starts_nothing(
    program: Program, ended: TaskRun, sent: list[Any], path: str, body: Any, field: str
) -> None:
    answer = post(program("control"), path, body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["fields"]
    assert sent == []


def test_bulk_is_a_dry_run_first(program: Program, ended: TaskRun, sent: list[Any]) -> None:
    TaskRun.objects.create(task_id="w1", name="demo.quick")
    key, order = program("control"), {"action": "retry", "task_ids": ["e1", "w1"]}
    told = post(key, "tasks/bulk/", {**order, "dry_run": True}).json()
    assert told["count"] == 1
    assert "not ended" in told["refused"]["w1"]
    assert sent == []
    assert list(post(key, "tasks/bulk/", order).json()["made"]) == ["e1"]
    assert post(key, "tasks/bulk/", {**order, "task_ids": ["e1", "none"]}).status_code == 404
    assert len(sent) == 1


def test_a_key_without_the_scope_does_nothing(
    program: Program, ended: TaskRun, sent: list[Any]
) -> None:
    assert post(program("tasks:read"), "tasks/e1/retry/").status_code == 403
    assert sent == []


def test_what_may_be_started_says_what_it_asks_for(program: Program, settings: Any) -> None:
    settings.CELERY_TASKLOG_LAUNCH = ["demo.long"]
    [told] = program("control").get("/tasklog/api/launch/").json()["results"]
    assert told["name"] == "demo.long"
    assert told["description"]
    kinds = {one["name"]: one["kind"] for one in told["parameters"]}
    assert kinds["duration"] in ("whole", "number")
    settings.CELERY_TASKLOG_LAUNCH = []
    assert program("control").get("/tasklog/api/launch/").json() == {"results": []}
    assert program("tasks:read").get("/tasklog/api/launch/").status_code == 403
