"""What a person does to runs, done to a real worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.db import connection
from django.test import Client

from conftest import Stack, wait_for
from tasklog.audit.models import AuditEntry
from tasklog.control.sending import Call, send
from tasklog.models import TaskRun, TaskWorker
from tasklog.states import State

TASKS = ("-I", "tasklog.control.tests.control_tasks")
SECRET = "cnry-never-shown-7f3a"


def start(name: str, **kwargs: Any) -> str:
    return send(Call(name, kwargs=kwargs), by="root")


def has_state(task_id: str, *states: str) -> Callable[[], bool]:
    return lambda: TaskRun.objects.filter(pk=task_id, state__in=states).exists()


def tables() -> str:
    found = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            found += map(repr, cursor.fetchall())
    return "\n".join(found)


def landed(response: Any) -> str:
    assert response.status_code == 302, response.content.decode()[:2000]
    return str(response.url).strip("/").rpartition("/")[2]


@pytest.mark.timeout(120)
def test_a_retry_gets_the_true_arguments_and_nobody_reads_them(
    stack: Stack, broker: Celery, root: Client, tmp_path: Path
) -> None:
    worker = stack.worker("prefork", 1, *TASKS, CELERY_RESULT_BACKEND="disabled://")
    first = start("control.pay", password=SECRET, folder=str(tmp_path), amount=12)
    wait_for(has_state(first, "FAILURE"), 60, lambda: stack.output(worker))
    assert SECRET in (tmp_path / "given").read_text()

    again = landed(root.post(f"/runs/{first}/retry/"))
    assert again != first
    wait_for(has_state(again, "FAILURE"), 60, lambda: stack.output(worker))
    assert (tmp_path / "given").read_text() == f"12 {SECRET}\n" * 2
    run = TaskRun.objects.get(pk=again)
    assert (run.rerun_of, run.triggered_by, run.payload) == (first, "root", "sealed")

    form = {
        "args": "[]",
        "kwargs": run.kwargs.replace('"amount": 12', '"amount": 13'),
        "queue": "",
        "countdown": "",
    }
    edited = landed(root.post(f"/runs/{again}/edit/", form))
    wait_for(has_state(edited, "FAILURE"), 60, lambda: stack.output(worker))
    assert (tmp_path / "given").read_text().endswith(f"\n13 {SECRET}\n")

    spool = b"".join(file.read_bytes() for file in stack.spool_dir.rglob("*") if file.is_file())
    assert SECRET.encode() not in spool
    assert SECRET not in tables()
    for path in (f"/runs/{again}/?tab=details", f"/runs/{again}/edit/", f"/runs/{again}/retry/"):
        assert SECRET not in root.get(path).content.decode()
    assert f"/runs/{again}/" in root.get(f"/runs/{first}/").content.decode()
    assert f"/runs/{first}/" in root.get(f"/runs/{again}/").content.decode()


@pytest.mark.timeout(150)
def test_revoke_terminate_and_a_worker_that_is_frozen(
    stack: Stack, broker: Celery, root: Client
) -> None:
    worker = stack.worker("prefork", 1, *TASKS)
    wait_for(lambda: TaskWorker.objects.filter(stopped_at=None).exists(), 60)
    running = start("control.sleep")
    wait_for(has_state(running, "STARTED"), 60, lambda: stack.output(worker))
    waiting = [start("control.sleep") for _ in range(22)]

    # A worker on a busy machine may need longer than the page waits; to ask again is harmless.
    def revoked() -> bool:
        told = root.post(f"/runs/{waiting[0]}/revoke/", follow=True).content.decode()
        assert "1 worker will drop it" in told or "Unknown:" in told
        return "1 worker will drop it" in told

    wait_for(revoked, 60, lambda: stack.output(worker))
    many = root.post("/bulk/revoke/", {"ids": " ".join(waiting[1:21])}, follow=True)
    assert "20 runs" in many.content.decode()
    assert AuditEntry.objects.filter(action="revoke", target="20 runs").exists()
    assert AuditEntry.objects.filter(action="revoke", target__contains=waiting[5]).exists()

    told = root.post(f"/runs/{running}/terminate/", follow=True).content.decode()
    assert "has sent SIGTERM" in told or "Unknown:" in told
    wait_for(has_state(running, "REVOKED"), 60, lambda: stack.output(worker))
    ended = TaskRun.objects.filter(pk__in=waiting[:21], state=State.REVOKED)
    wait_for(lambda: ended.count() == 21, 60, lambda: stack.output(worker))
    assert not TaskRun.objects.filter(pk__in=waiting[:21], started_at__isnull=False).exists()

    wait_for(has_state(waiting[21], "STARTED"), 60, lambda: stack.output(worker))
    os.kill(worker.pid, signal.SIGSTOP)
    began = time.monotonic()
    told = root.post(f"/runs/{waiting[21]}/terminate/", follow=True).content.decode()
    took = time.monotonic() - began
    os.kill(worker.pid, signal.SIGCONT)
    assert "Unknown:" in told
    assert "did not answer" in told
    # The page waits a second for the worker; the rest is a busy machine's.
    assert took < 10, took
    assert AuditEntry.objects.filter(action="terminate", result="unknown").exists()
