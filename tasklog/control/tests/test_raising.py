"""One running run is raised to DEBUG, by real workers; the one beside it is not."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.test import Client
from django.utils import timezone

from conftest import Stack, wait_for
from tasklog.audit.models import AuditEntry
from tasklog.control.models import Raised
from tasklog.control.raising import raised_of
from tasklog.control.sending import Call, send
from tasklog.control.tests.test_worker import has_state
from tasklog.models import TaskLogLine, TaskRun
from tasklog.states import State

TASKS = ("-I", "tasklog.capture.tests.pool_tasks")


def start(folder: Path) -> str:
    return send(Call("capture.chats", kwargs={"folder": str(folder)}), by="root")


def said(task_id: str, text: str) -> bool:
    return TaskLogLine.objects.filter(task_id=task_id, message__startswith=text).exists()


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])
@pytest.mark.timeout(150)
def test_a_raised_run_says_its_details_and_no_other_does(
    stack: Stack,
    broker: Celery,
    root: Client,
    tmp_path: Path,
    pool: str,
) -> None:
    worker = stack.worker(pool, 2, *TASKS)
    one, other = start(tmp_path), start(tmp_path)
    wait_for(lambda: said(one, "step") and said(other, "step"), 60, lambda: stack.output(worker))
    assert not said(one, "detail")
    assert "Raise this run to DEBUG?" in root.get(f"/runs/{one}/raise/").content.decode()

    def raised() -> bool:
        told = root.post(f"/runs/{one}/raise/", follow=True).content.decode()
        assert "has told its processes" in told or "Unknown:" in told
        return "has told its processes" in told

    wait_for(raised, 60, lambda: stack.output(worker))
    page = root.get(f"/runs/{one}/status/").content.decode()
    assert "Raised to" in page
    assert "by root" in page
    assert AuditEntry.objects.filter(action="raise", result="done").exists()
    wait_for(lambda: said(one, "detail"), 60, lambda: stack.output(worker))
    assert said(one, "Raised to DEBUG until")
    seen = TaskLogLine.objects.filter(task_id=other).count()
    wait_for(lambda: TaskLogLine.objects.filter(task_id=other).count() > seen + 5)
    (tmp_path / "stop").touch()
    wait_for(lambda: TaskRun.objects.filter(state=State.SUCCESS).count() == 2)
    details = TaskLogLine.objects.filter(task_id=one, message__startswith="detail")
    assert set(details.values_list("stream", "level", "logger")) == {("log", 10, "capture.chatty")}
    assert not said(other, "detail")
    assert "detail" not in stack.output(worker), "the console stays as it is"
    assert "Raised to" not in root.get(f"/runs/{one}/status/").content.decode()
    for attempt in TaskRun.objects.get(pk=one).attempts.all():
        assert (attempt.missing, attempt.dropped) == (0, 0)


@pytest.mark.timeout(120)
def test_without_an_answer_nothing_is_said_to_have_happened(
    stack: Stack,
    broker: Celery,
    root: Client,
    tmp_path: Path,
) -> None:
    worker = stack.worker("prefork", 1, *TASKS)
    one = start(tmp_path)
    wait_for(has_state(one, "STARTED"), 60, lambda: stack.output(worker))
    os.kill(worker.pid, signal.SIGSTOP)
    told = root.post(f"/runs/{one}/raise/", follow=True).content.decode()
    os.kill(worker.pid, signal.SIGCONT)
    assert "Unknown:" in told
    assert not Raised.objects.exists()
    assert AuditEntry.objects.get(action="raise").result == "unknown"


@pytest.mark.django_db
def test_it_is_over_with_the_time_the_attempt_and_the_run() -> None:
    now = timezone.now()
    run = TaskRun.objects.create(task_id="r1", name="a", state="STARTED", started_at=now)

    def raised(**values: Any) -> bool:
        facts = {"until": now + timedelta(minutes=5), "by": "ada", "started_at": now, **values}
        Raised.objects.update_or_create(task_id="r1", defaults=facts)
        return raised_of(run) is not None

    assert raised()
    assert not raised(until=now - timedelta(seconds=1))
    assert not raised(started_at=now - timedelta(minutes=1)), "this is another attempt"
    run.state = "RETRY"
    assert not raised()
