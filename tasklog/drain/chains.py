"""Runs that were announced and will not run, because a step before them failed.  HOST.

A chain's later steps are sent one by one, so mostly there is no run to mark.  Where somebody has
made one (a page that was told its id), it would wait for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from tasklog.models import TaskRun
from tasklog.states import Cause, State


def mark(unreached: Mapping[str, TaskRun], reached: Iterable[str], now: datetime) -> None:
    """Closes what waits for nothing, and opens again what waits for something after all."""
    TaskRun.objects.filter(pk__in=[*reached], cause=Cause.NOT_REACHED).update(
        state=State.PENDING, cause="", reason="", finished_at=None
    )
    by_run: dict[str, list[str]] = defaultdict(list)
    for task_id, run in unreached.items():
        by_run[run.task_id].append(task_id)
    for ids in by_run.values():
        _close(ids, unreached[ids[0]], now)


def _close(ids: list[str], failed: TaskRun, now: datetime) -> None:
    waiting = TaskRun.objects.filter(
        pk__in=ids, state=State.PENDING, queued_at=None, started_at=None
    )
    waiting.update(
        state=State.REVOKED,
        cause=Cause.NOT_REACHED,
        reason=f"an earlier step failed: {failed.name} {failed.short_id}",
        finished_at=now,
        parent_id=failed.task_id,
        root_id=failed.root_id or failed.task_id,
    )
