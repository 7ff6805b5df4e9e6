"""Runs as Celery 5.7 tells of them; each case was read off a real worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasklog.models import TaskRun

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def say(db: None) -> Callable[..., TaskRun]:
    """`say("b", parent="a", root="a", at=2, took=1)`: sent 2 s after noon, ended a second later."""

    def say(
        task_id: str, *, parent: str = "", root: str = "", group: str = "", at: float = 0,
        took: float | None = 1, name: str = "", **values: Any,
    ) -> TaskRun:  # fmt: skip
        sent = NOON + timedelta(seconds=at)
        ended = None if took is None else sent + timedelta(seconds=took)
        defaults = {"state": "STARTED" if took is None else "SUCCESS"}
        return TaskRun.objects.create(
            task_id=task_id, name=name or f"shop.{task_id}", parent_id=parent,
            root_id=root or task_id, group_id=group, created_at=sent, queued_at=sent,
            started_at=sent, finished_at=ended, **(defaults | values),
        )  # fmt: skip

    return say
