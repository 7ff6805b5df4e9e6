"""A line that is committed late is not passed by: on a PostgreSQL, where that can happen."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from tasklog.insights import horizon, mining
from tasklog.insights.models import Pattern
from tasklog.models import TaskLogLine, TaskRun


@pytest.mark.django_db(transaction=True)
def test_lines_behind_an_open_transaction_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time.")
    monkeypatch.setattr(horizon, "PATIENCE", 0.1)
    for task_id in ("late", "early"):
        TaskRun.objects.create(task_id=task_id, name="orders.import")
    written, go_on = threading.Event(), threading.Event()

    def write_late() -> None:
        with transaction.atomic():
            TaskLogLine.objects.create(task_id="late", message="committed late")
            written.set()
            go_on.wait(20)
        connection.close()

    writer = threading.Thread(target=write_late)
    writer.start()
    assert written.wait(20)
    TaskLogLine.objects.create(task_id="early", message="committed early")
    assert mining.mine() == 0
    go_on.set()
    writer.join()
    assert mining.mine() == 2
    assert Pattern.objects.count() == 2
