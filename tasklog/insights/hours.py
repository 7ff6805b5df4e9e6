"""Figures of every task by the hour its runs ended in, and of several by adding.  WORKER.

An hour is counted anew from the runs themselves, so counting it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, DurationField, F, Max, Q, Sum
from django.db.models.functions import Now

from tasklog.insights.models import Cursor, TaskHour, hour_of, moment_of
from tasklog.insights.tally import is_ours
from tasklog.models import TaskRun
from tasklog.querysets import database_now
from tasklog.states import BAD

HOURS = "task hours"
# Never counted before: so far back.  Counted before: the last hours again, lines come late.
FIRST, AGAIN = 7 * 24, 2


@dataclass(frozen=True, slots=True)
class Figures:
    """Runs that ended within some hours, added up."""

    task: str = ""
    ended: int = 0
    failed: int = 0
    timed: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    lines: int = 0
    errors: int = 0

    @property
    def failure_rate(self) -> float:
        """0–1"""
        return self.failed / self.ended if self.ended else 0.0

    @property
    def mean(self) -> float:
        """Seconds a run."""
        return self.seconds / self.timed if self.timed else 0.0

    def as_json(self) -> dict[str, Any]:
        """With the share that failed in per cent, and the mean in seconds."""
        percent = round(self.failure_rate * 100, 1)
        return asdict(self) | {"failure_percent": percent, "mean": round(self.mean, 3)}


def renew() -> int:
    """Counts every hour since the last time; returns how many hours were counted."""
    this = hour_of(database_now())
    cursor, _ = Cursor.objects.get_or_create(name=HOURS)
    first = max(cursor.position - AGAIN, this - 90 * 24) if cursor.position else this - FIRST
    for hour in range(first, this + 1):
        count_hour(hour)
    Cursor.objects.filter(name=HOURS).update(position=this, moved_at=Now())
    return this + 1 - first


def count_hour(hour: int) -> int:
    """Counts one hour; returns how many tasks had runs in it."""
    rows = [TaskHour(hour=hour, **row) for row in _grouped(hour) if not is_ours(row["task"])]
    with transaction.atomic():
        TaskHour.objects.filter(hour=hour).delete()
        TaskHour.objects.bulk_create(rows, batch_size=100)
    return len(rows)


def _grouped(hour: int) -> list[dict[str, Any]]:
    """One aggregate over the index on `finished_at`, one hour of it."""
    took = F("finished_at") - F("started_at")
    rows = (
        TaskRun.objects.filter(
            finished_at__gte=moment_of(hour), finished_at__lt=moment_of(hour + 1)
        )
        .order_by()
        .values(task=F("name"))
        .annotate(
            ended=Count("pk"),
            failed=Count("pk", filter=Q(state__in=BAD)),
            timed=Count("started_at"),
            sum=Sum(took, output_field=DurationField()),
            top=Max(took, output_field=DurationField()),
            lines=Sum("line_count"),
            errors=Sum("error_count"),
        )
    )
    return [_in_seconds(row) for row in rows]


def _in_seconds(row: dict[str, Any]) -> dict[str, Any]:
    total, longest = row.pop("sum"), row.pop("top")
    seconds = max(total.total_seconds(), 0.0) if total else 0.0
    return {**row, "seconds": seconds, "longest": longest.total_seconds() if longest else 0.0}


_ADDED = ("ended", "failed", "timed", "seconds", "lines", "errors")


def by_task(begin: int, end: int, tasks: Iterable[str] | None = None) -> dict[str, Figures]:
    """Figures by task name over begin ≤ hour < end."""
    rows = TaskHour.objects.filter(hour__gte=begin, hour__lt=end)
    if tasks is not None:
        rows = rows.filter(task__in=list(tasks))
    added = {name: Sum(name) for name in _ADDED}
    found = rows.order_by().values("task").annotate(**added, longest=Max("longest"))
    return {row["task"]: Figures(**row) for row in found}


def add_up(parts: Iterable[Figures], name: str = "") -> Figures:
    """All of them as one."""
    parts = list(parts)
    sums: dict[str, Any] = {one: sum(getattr(part, one) for part in parts) for one in _ADDED}
    return Figures(name, longest=max((part.longest for part in parts), default=0.0), **sums)


def hourly(begin: int, end: int, task: str | None = None) -> dict[int, tuple[int, int, int]]:
    """(ended, failed, lines) by hour, of one task or of all."""
    rows = TaskHour.objects.filter(hour__gte=begin, hour__lt=end)
    if task is not None:
        rows = rows.filter(Q(task=task))
    sums = rows.order_by().values("hour").annotate(e=Sum("ended"), f=Sum("failed"), n=Sum("lines"))
    return {row["hour"]: (row["e"], row["f"], row["n"]) for row in sums}


def count_tasks(begin: int, end: int) -> int:
    rows = TaskHour.objects.filter(hour__gte=begin, hour__lt=end)
    return int(rows.aggregate(n=Count("task", distinct=True))["n"])
