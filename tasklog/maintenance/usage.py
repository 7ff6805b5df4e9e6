"""Counts a day: runs, lines, bytes, people, keys.  WORKER; the page only reads.

A day that is over and counted stays as it is: retention takes its runs away later, not its figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import batched
from typing import Any

from django.apps import apps
from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet, Sum
from django.utils import timezone

from tasklog.maintenance.models import UsageDay
from tasklog.models import LogChunk, TaskLogLine, TaskRun
from tasklog.states import BAD

# Counted when nobody has counted before: what retention keeps by default.
FIRST_DAYS = 30
# Counted again each time: yesterday's runs may still have been running.
AGAIN_DAYS = 1
# Runs whose bytes are asked for at once.
STEP = 200


class Bytes(Func):
    """The bytes of a text, which `Length` counts in characters."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **more
        )

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="OCTET_LENGTH(%(expressions)s)", **more)


def update() -> list[UsageDay]:
    """Counts today, yesterday and the days nobody has counted; oldest first."""
    return [count_day(day) for day in _days_to_count(timezone.now().astimezone(UTC).date())]


def count_day(day: date) -> UsageDay:
    """Counts this day (UTC) and keeps it.  Keys count up only: a key remembers its last day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    runs = TaskRun.objects.filter(created_at__gte=start, created_at__lt=end)
    figures = runs.order_by().aggregate(
        runs=Count("pk"), failed=Count("pk", filter=Q(state__in=BAD)), lines=Sum("line_count")
    )
    before = UsageDay.objects.filter(pk=day).values_list("keys", flat=True).first() or 0
    found, _ = UsageDay.objects.update_or_create(
        day=day,
        defaults={
            "runs": figures["runs"],
            "failed": figures["failed"],
            "lines": figures["lines"] or 0,
            "size": _size_of(runs),
            "users": len(_people(runs, start, end)),
            "keys": max(before, _keys(start, end)),
        },
    )
    return found


def _days_to_count(today: date) -> Iterator[date]:
    newest = UsageDay.objects.values_list("day", "updated_at")[: FIRST_DAYS + 2]
    # One that was counted before it was over is not done.
    counted = {day for day, at in newest if at.astimezone(UTC).date() > day}
    for back in range(FIRST_DAYS, -1, -1):
        day = today - timedelta(days=back)
        if back <= AGAIN_DAYS or day not in counted:
            yield day


def _size_of(runs: QuerySet[TaskRun]) -> int:
    """Their lines' bytes: those in rows are measured, chunks know their own."""
    return sum(_bytes(ids) for ids in _steps(runs))


def _bytes(ids: list[str]) -> int:
    rows = TaskLogLine.objects.filter(task_id__in=ids).order_by()
    chunks = LogChunk.objects.filter(task_id__in=ids).order_by()
    in_rows = rows.aggregate(n=Sum(Bytes(F("message"))))["n"] or 0
    return int(in_rows + (chunks.aggregate(n=Sum("raw_bytes"))["n"] or 0))


def _steps(runs: QuerySet[TaskRun]) -> Iterator[list[str]]:
    ids = runs.filter(line_count__gt=0).order_by("created_at").values_list("pk", flat=True)
    yield from map(list, batched(ids.iterator(chunk_size=STEP * 10), STEP))


def _people(runs: QuerySet[TaskRun], start: datetime, end: datetime) -> set[str]:
    """Who started something or stands in the audit trail; keys are counted by themselves."""
    found = set(runs.order_by().exclude(triggered_by="").values_list("triggered_by", flat=True))
    if apps.is_installed("tasklog.audit"):
        from tasklog.audit.models import AuditEntry

        entries = AuditEntry.objects.filter(at__gte=start, at__lt=end, result="done")
        # From the command line it is an account of the machine's.
        entries = entries.exclude(address="command line").order_by()
        found |= set(entries.values_list("user", flat=True).distinct())
    return {name for name in found if name and not name.startswith("key:")}


def _keys(start: datetime, end: datetime) -> int:
    try:
        keys: Any = apps.get_model("tasklog_api", "ApiKey")
    except LookupError:
        return 0
    used = keys._default_manager.filter(last_used_at__gte=start, last_used_at__lt=end)
    return int(used.count())
