"""Runs with lines to search."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasklog.models import TaskLogLine, TaskRun

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def say(db: None) -> Callable[..., TaskRun]:
    """`say("a", "one", "two", minutes=3, state="FAILURE")`: a run that said these lines.

    A line is its message, or a dict of the line's fields.
    """

    def make(task_id: str, *lines: str | dict[str, Any], minutes: float = 0, **run: Any) -> TaskRun:
        at = NOON + timedelta(minutes=minutes)
        given = {"name": "orders.import", "created_at": at, "finished_at": at, "state": "SUCCESS"}
        made = TaskRun.objects.create(task_id=task_id, **{**given, **run})
        for said in lines:
            fields = {"message": said} if isinstance(said, str) else said
            TaskLogLine.objects.create(task_id=task_id, **{"timestamp": at, **fields})
        made.refresh_from_db()
        return made

    return make
