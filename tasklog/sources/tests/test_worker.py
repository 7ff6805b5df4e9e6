"""A real worker reads what was uploaded, and goes on after it was killed."""

from __future__ import annotations

import io
import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from conftest import Stack, wait_for
from tasklog.models import TaskLogLine, TaskRun
from tasklog.sources import uploads
from tasklog.sources.models import Upload

COUNT = 60_000
READ = "tasklog.sources.process_log_file"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.CELERY_TASKLOG_UPLOAD_DIR = str(tmp_path / "uploads")
    return tmp_path / "uploads"


@pytest.fixture
def send(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a task into the queue of the test's own broker; uploads go there too."""
    sender = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)

    def send(name: str, *args: object) -> None:
        sender.send_task(name, args)

    monkeypatch.setattr(uploads, "queue", lambda upload: send(READ, upload.pk))
    return send


def json_lines(count: int) -> bytes:
    lines = (json.dumps({"msg": f"line {n}", "level": "info"}) for n in range(count))
    return ("\n".join(lines) + "\n").encode()


def peak(worker: Any) -> float:
    """The most memory that the worker's one child ever held, in MiB."""
    child = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()[0]
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def test_a_worker_killed_in_the_middle_of_a_file_loses_and_doubles_nothing(
    stack: Stack, folder: Path, send: Callable[..., None]
) -> None:
    first = stack.worker("prefork", 1, CELERY_TASKLOG_UPLOAD_DIR=str(folder))
    upload = uploads.take(io.BytesIO(json_lines(COUNT)), "big.jsonl", "ada")
    wait_for(lambda: Upload.objects.get().end > 0, 60, lambda: stack.output(first))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(10)
    assert Upload.objects.get().state == "reading"
    second = stack.worker("prefork", 1, CELERY_TASKLOG_UPLOAD_DIR=str(folder))
    uploads.queue(upload)  # as `take_up` does; the broker would wait for its own timeout
    wait_for(lambda: Upload.objects.get().state == "done", 60, lambda: stack.output(second))
    lines = TaskLogLine.objects.of(upload.run_id).values_list("message", flat=True)
    assert list(lines) == [f"line {n}" for n in range(COUNT)]
    run = TaskRun.objects.get(pk=upload.run_id)
    assert (run.state, run.line_count, run.progress) == ("SUCCESS", COUNT, 100)
    assert list(folder.iterdir()) == []


def test_another_task_need_not_wait_until_a_large_file_is_read(
    stack: Stack, folder: Path, send: Callable[..., None]
) -> None:
    uploads.take(io.BytesIO(json_lines(COUNT)), "big.jsonl", "ada")
    send("demo.quick", 0)
    turns = {"CELERY_TASKLOG_UPLOAD_DIR": str(folder), "CELERY_TASKLOG_UPLOAD_SECONDS": "0"}
    worker = stack.worker("prefork", 1, **turns)
    done = TaskRun.objects.filter(name="demo.quick", finished_at__isnull=False)
    wait_for(done.exists, 60, lambda: stack.output(worker))
    wait_for(lambda: Upload.objects.get().state == "done", 60, lambda: stack.output(worker))
    assert done.get().finished_at < Upload.objects.get().finished_at
    assert TaskRun.objects.get(source="upload big.jsonl").line_count == COUNT


@pytest.mark.parametrize(
    "data",
    [json_lines(COUNT), (b'{"msg":"' + b"\\n" * 120_000 + b'"}\n') * 3],
    ids=["common lines", "lines inside lines"],
)
def test_the_process_that_reads_a_file_stays_small(
    data: bytes, stack: Stack, folder: Path, send: Callable[..., None]
) -> None:
    worker = stack.worker("prefork", 1, CELERY_TASKLOG_UPLOAD_DIR=str(folder))
    uploads.take(io.BytesIO(data), "big.jsonl", "ada")
    wait_for(lambda: Upload.objects.get().state == "done", 120, lambda: stack.output(worker))
    assert peak(worker) < 256
