"""A real worker reads what was uploaded, and goes on after it was killed."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from conftest import Stack, wait_for
from tasklog.models import TaskLogLine, TaskRun
from tasklog.sources import uploads
from tasklog.sources.models import Upload

COUNT = 60_000


def test_a_worker_killed_in_the_middle_of_a_file_loses_and_doubles_nothing(
    stack: Stack, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "uploads"
    settings.CELERY_TASKLOG_UPLOAD_DIR = str(folder)
    first = stack.worker("prefork", 1, CELERY_TASKLOG_UPLOAD_DIR=str(folder))
    sender = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)

    def send(upload: Upload) -> None:
        sender.send_task("tasklog.sources.process_log_file", (upload.pk,))

    monkeypatch.setattr(uploads, "queue", send)
    data = "".join(json.dumps({"msg": f"line {n}", "level": "info"}) + "\n" for n in range(COUNT))
    upload = uploads.take(io.BytesIO(data.encode()), "big.jsonl", "ada")
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
