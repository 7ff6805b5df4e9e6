"""How many tasks wait in each queue, now and before.  WORKER and WEB.

The broker knows best: where `tasklog.control` is installed its samples count, as long as they are
fresh.  Else the runs that wait do, of the last day: those of a queue that was purged never move.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.apps import apps
from django.db.models import Count
from django.utils import timezone

from tasklog.models import TaskRun
from tasklog.states import State

MOST_RUNS, MOST_SAMPLES = 20_000, 20_000


class Deep(NamedTuple):
    """A queue at a moment."""

    queue: str
    at: datetime
    depth: int


def now() -> dict[str, int]:
    """By queue."""
    if kept():
        from tasklog.control.queues import latest

        if found := latest():
            return {name: sample.depth for name, sample in found.items()}
    return _waiting()


def kept() -> bool:
    """Is it known how many waited before?"""
    return apps.is_installed("tasklog.control")


def before() -> list[Deep]:
    """Every five minutes, as often as rules are asked; the newest first, a month at the most."""
    if not kept():
        return []
    from tasklog.control.models import QueueSample

    rows = QueueSample.objects.filter(coarse=True).order_by("-slot")[:MOST_SAMPLES]
    return [Deep(row.queue, row.at, row.depth) for row in rows]


def _waiting() -> dict[str, int]:
    day = timezone.now() - timedelta(days=1)
    waiting = TaskRun.objects.filter(state=State.PENDING, created_at__gte=day)
    newest = waiting.order_by("-created_at").values_list("pk")[:MOST_RUNS]
    counted = TaskRun.objects.filter(pk__in=newest).order_by().values("queue")
    return dict(counted.annotate(n=Count("pk")).values_list("queue", "n"))
