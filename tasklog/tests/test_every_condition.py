"""Every condition, judged on what real workers do.  Minutes: a worker is gone after 45 seconds."""

from __future__ import annotations

import io
import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.utils import timezone

from conftest import Stack, wait_for
from tasklog.alerts.models import Condition, Incident, Rule
from tasklog.sources import uploads

OURS = "alarm_tests.*"
RULES: dict[str, dict[str, Any]] = {
    Condition.FAILED: {"tasks": OURS},
    Condition.ERROR_RATE: {"tasks": OURS, "limits": {"percent": 50, "runs": 5, "minutes": 15}},
    Condition.SLOW: {"tasks": OURS, "limits": {"factor": 2, "seconds": 1}},
    Condition.SILENT: {"tasks": "alarm_tests.never", "limits": {"minutes": 60}},
    Condition.PATTERN: {"tasks": OURS, "limits": {"pattern": "disk full"}},
    Condition.QUEUE: {"queues": "low-priority", "limits": {"waiting": 2}},
    Condition.WORKER: {},
    Condition.SOURCE: {"sources": "upload *", "limits": {"level": 40}},
}
ABOUT = {
    Condition.FAILED: "alarm_tests.fail",
    Condition.ERROR_RATE: "alarm_tests.fail",
    Condition.SLOW: "alarm_tests.nap",
    Condition.SILENT: "alarm_tests.never",
    Condition.PATTERN: "alarm_tests.flood",
    Condition.QUEUE: "low-priority",
    Condition.WORKER: "w0@test",
    Condition.SOURCE: "upload:app.log",
}


@pytest.mark.nightly
@pytest.mark.django_db(transaction=True)
def test_every_condition_finds_what_real_workers_do(
    stack: Stack, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for condition, values in RULES.items():
        Rule.objects.create(name=condition, condition=condition, **values)
    Rule.objects.update(changed_at=timezone.now() - timedelta(days=1))  # they have watched a day
    first, sender = _worker(stack, tmp_path), _sender(stack)
    for _ in range(12):
        sender.send_task("alarm_tests.nap", (0,))
    for _ in range(5):
        sender.send_task("alarm_tests.fail")
    sender.send_task("alarm_tests.flood", (30,))
    _wait(stack, Condition.FAILED, Condition.PATTERN)
    sender.send_task("alarm_tests.nap", (1.5,))
    settings.CELERY_TASKLOG_UPLOAD_DIR = str(tmp_path / "uploads")
    monkeypatch.setattr(uploads, "queue", lambda one: _send_upload(sender, one.pk))
    uploads.take(io.BytesIO(b'{"level": "error", "msg": "no order"}\n'), "app.log", "ada")
    _wait(stack, Condition.SLOW, Condition.SOURCE)
    for _ in range(3):
        sender.send_task("alarm_tests.nap", (0,), queue="low-priority")
    os.killpg(first.pid, signal.SIGKILL)
    _worker(stack, tmp_path)
    wait_for(lambda: _judged(sender, set(ABOUT)), 150, lambda: _told(stack))
    found = dict(Incident.objects.values_list("rule__condition", "about"))
    assert found == {str(condition): about for condition, about in ABOUT.items()}
    assert Incident.objects.get(rule__condition="failed").quotes
    assert Incident.objects.get(rule__condition="pattern").count == 30


def _worker(stack: Stack, folder: Path) -> Any:
    """One that leaves the queue `low-priority` alone."""
    return stack.worker(
        "prefork", 2, "-Q", "celery,default,high-priority",
        "-I", "tasklog.alerts.tests.alarm_tasks",
        CELERY_TASKLOG_UPLOAD_DIR=str(folder / "uploads"),
    )  # fmt: skip


def _sender(stack: Stack) -> Celery:
    return Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)


def _send_upload(sender: Celery, pk: int) -> bool:
    sender.send_task("tasklog.sources.process_log_file", (pk,))
    return True


def _found() -> set[str]:
    return set(Incident.objects.values_list("rule__condition", flat=True))


def _wait(stack: Stack, *conditions: str) -> None:
    wait_for(lambda: _found() >= set(conditions), 60, lambda: _told(stack))


def _judged(sender: Celery, wanted: set[str]) -> bool:
    """What beat sends every five minutes, sent at once."""
    sender.send_task("tasklog.alerts.check_all_alert_conditions")
    time.sleep(1)
    return _found() >= wanted


def _told(stack: Stack) -> str:
    return f"{_found()}\n" + "\n".join(stack.output(one)[-3000:] for one in stack.processes)
