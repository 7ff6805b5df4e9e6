"""Figures of each run and upload, made soon after it has ended.  WORKER.

By a look at what ended since the last one, so that a flood of short runs costs no message each.
What cannot be kept up with is left out: a page that wants figures then counts them itself.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from tasklog.insights import figures
from tasklog.insights.models import Cursor, RunFigures
from tasklog.insights.tally import BUT, OURS
from tasklog.models import TaskRun

ENDED = "ended runs"
# Ends are told late where a drainer was away; before the first look nothing is made up for.
LATE, FIRST = timedelta(minutes=10), timedelta(hours=1)
# Runs read at a time, and seconds that one call goes on.
BATCH, AT_ONCE = 200, 10.0


def renew(*, seconds: float = AT_ONCE) -> int:
    """Counts the runs that ended since the last time; returns how many."""
    cursor, _ = Cursor.objects.get_or_create(name=ENDED)
    until, done = time.monotonic() + seconds, 0
    while rows := list(_waiting(cursor)[:BATCH]):
        for run in rows:
            figures.calculate(run)
            done += 1
            if time.monotonic() > until:
                return _keep(cursor, run.finished_at, done)
        _keep(cursor, rows[-1].finished_at, done)
    return done


def is_behind() -> bool:
    """Has a run ended that nobody has counted?"""
    cursor = Cursor.objects.filter(name=ENDED).first() or Cursor(name=ENDED)
    return _waiting(cursor).order_by().exists()


def forget() -> int:
    """Deletes the figures of runs that are gone, in bounded steps; returns how many."""
    lost = RunFigures.objects.filter(~Exists(TaskRun.objects.filter(pk=OuterRef("task_id"))))
    gone = 0
    while step := list(lost.values_list("pk", flat=True)[:500]):
        gone += RunFigures.objects.filter(pk__in=step).delete()[0]
    return gone


def _waiting(cursor: Cursor) -> QuerySet[TaskRun]:
    """Runs with lines that ended since, those of ours left out; the longest ago first."""
    counted = RunFigures.objects.filter(
        task_id=OuterRef("pk"), made_at__gte=OuterRef("finished_at")
    )
    rows = TaskRun.objects.filter(finished_at__gt=_since(cursor), line_count__gt=0)
    rows = rows.exclude(Q(name__startswith=OURS) & ~Q(name__startswith=BUT))
    return rows.filter(~Exists(counted)).order_by("finished_at")


def _since(cursor: Cursor) -> datetime:
    now = timezone.now()
    if not cursor.position:
        return now - FIRST
    return max(datetime.fromtimestamp(cursor.position, UTC), now - FIRST) - LATE


def _keep(cursor: Cursor, moment: datetime | None, done: int) -> int:
    """Forward only; behind by more than is made up for, the rest is left out."""
    position = int((moment or timezone.now()).timestamp())
    if position > cursor.position:
        cursor.position = position
        cursor.moved_at = timezone.now()
        cursor.save(update_fields=["position", "moved_at"])
    return done
