"""What the control room answers has the shape that the document says, with rows of every kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from dashboard.saved import save
from tasklog.api.keys import create_key
from tasklog.control import answers
from tasklog.control.models import SECONDS, QueueSample
from tasklog.download.formats import FORMATS
from tasklog.maintenance.models import UsageDay
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun, TaskWorker
from tasklog.recount import recount

TASK = "tasklog.timed_print_task"
HELD = {"id": "b", "name": "shop.pay", "time_start": 1.8e9}
SAID = {"w1": {"active": [HELD], "revoked": ["x"], "active_queues": [{"name": "default"}]}}
LISTS = {
    "search/": {"q": "disk"},
    "workflows/": {},
    "workflows/a/": {},
    "workflows/a/lines/": {"limit": 1},
    "task-names/": {},
    "task-names/shop.pay/": {},
    "tasks/b/find/": {"q": "disk"},
    "tasks/b/attempts/": {},
    "tasks/b/comparison/": {},
    "overview/": {},
    "usage/": {},
    "diagnostics/": {},
    "audit/": {},
    "keys/": {},
    "views/": {},
    "schedules/": {},
    "launch/": {},
    "workers/": {},
    "workers/w1/": {},
    "queues/": {},
    "queues/default/": {},
}
FILES = ("tasks/b/download/", "workflows/a/download/")


@pytest.fixture
def root(transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> User:
    """Who may everything, and something of everything."""
    settings.CELERY_TASKLOG_LAUNCH = ["demo.*", "tasklog.*"]
    monkeypatch.setattr("tasklog.control.answers.ask", lambda *_, **__: SAID)
    answers.forget()
    root, now = User.objects.create_superuser("root"), timezone.now()
    for task_id, state in {"good": "SUCCESS", "a": "SUCCESS", "b": "FAILURE"}.items():
        run = TaskRun.objects.create(
            task_id=task_id, name="shop.pay", state=state, root_id="" if task_id == "good" else "a",
            started_at=now, finished_at=now, line_count=2, exception="ValueError: no",
            created_at=now - timedelta(hours=task_id == "good"), schedule="interval",
        )  # fmt: skip
        for n in (1, 2):
            TaskLogLine.objects.create(task=run, number=n, message=f"disk full {task_id} {n}")
    TaskAttempt.objects.create(task_id="b", outcome="FAILURE", cause="exception", finished_at=now)
    TaskRun.objects.create(task_id="c", name="shop.pay", queue="default")
    TaskWorker.objects.create(name="w1", pool="prefork", versions={"celery": "5"})
    QueueSample.objects.create(queue="default", slot=int(now.timestamp()) // SECONDS - 2, depth=3)
    UsageDay.objects.create(day=now.date(), runs=1)
    save(root, "runs", "state=failed", "failing")
    schedules(now)
    recount()
    return root


def schedules(now: Any) -> None:
    kinds = {
        "interval": IntervalSchedule.objects.create(every=5, period="minutes"),
        "crontab": CrontabSchedule.objects.create(minute="0", timezone="Europe/Berlin"),
        "clocked": ClockedSchedule.objects.create(clocked_time=now),
        "solar": SolarSchedule.objects.create(event="sunrise", latitude=48, longitude=11),
    }
    for kind, times in kinds.items():
        once = kind == "clocked"
        PeriodicTask.objects.create(name=kind, task=TASK, one_off=once, **{kind: times})
    PeriodicTask.objects.filter(name="solar").update(args="no json", kwargs="")


def test_every_answer_is_as_the_document_says(root: User) -> None:
    from project.wsgi import application

    _, text = create_key("all", ["all"], user=root)
    headers = {"Authorization": f"Api-Key {text}"}
    whole = schemathesis.openapi.from_wsgi("/api/schema/", application, headers=headers)
    paths = LISTS | {f"schedules/{row.pk}/": {} for row in PeriodicTask.objects.all()}
    for path, query in paths.items():
        operation = whole.find_operation_by_path("GET", f"/tasklog/api/v1/{path}")
        assert operation is not None, path
        case = operation.Case(path_parameters={}, query=query)
        case.path = f"/tasklog/api/v1/{path}"
        answer = case.call(headers=headers)
        assert answer.status_code == 200, (path, answer.text)
        operation.validate_response(answer)
        assert filled(answer.json()), path


@pytest.mark.parametrize("kind", FORMATS)
def test_every_file_is_as_the_document_says(root: User, kind: str) -> None:
    from project.wsgi import application

    _, text = create_key("all", ["all"], user=root)
    headers = {"Authorization": f"Api-Key {text}", "Accept-Encoding": "identity"}
    whole = schemathesis.openapi.from_wsgi("/api/schema/", application, headers=headers)
    for path in FILES:
        operation = whole.find_operation_by_path("GET", f"/tasklog/api/v1/{path}")
        assert operation is not None, path
        case = operation.Case(path_parameters={}, query={"format": kind})
        case.path = f"/tasklog/api/v1/{path}"
        answer = case.call(headers=headers)
        assert (answer.status_code, "disk full b" in answer.text) == (200, True), path
        operation.validate_response(answer)


def filled(told: dict[str, Any]) -> bool:
    """A list without rows would prove nothing."""
    return bool(told.get("results", True))
