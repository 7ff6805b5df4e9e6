"""Finds workers, on whatever host, that have not been heard of for too long."""

from __future__ import annotations

from datetime import timedelta

from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.drain.closing import close_lost
from tasklog.models import TaskWorker
from tasklog.querysets import database_now


def reap() -> int:
    """Marks silent workers as stopped and closes their attempts; returns how many were closed.

    Attempts first: a reaper killed in between finds the worker again.
    """
    limit = database_now() - timedelta(seconds=DEAD_AFTER_SECONDS)
    silent = TaskWorker.objects.filter(stopped_at=None, seen_at__lt=limit)
    names = list(silent.values_list("name", flat=True))
    if not names:
        return 0
    closed = close_lost(names)
    silent.filter(name__in=names).update(stopped_at=database_now())
    return closed
