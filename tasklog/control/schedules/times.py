"""The moments at which a schedule is due, computed here: beat keeps them to itself.

A crontab counts on the wall clock of its zone.  A moment that a zone leaves out in spring is due
when the clock has jumped; one that comes twice in autumn is due the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.utils import timezone

# A crontab may wait for 29 February; one that never comes is given up after this.
YEARS = timedelta(days=8 * 366)
NEXT = 5


def next_runs(task: Any, last: datetime | None, count: int = NEXT) -> list[datetime]:
    """The next moments of an enabled `PeriodicTask`; `last` is when beat sent it last, if ever."""
    if not task.enabled:
        return []
    now = timezone.now()
    start = max(now, task.start_time) if task.start_time else now
    try:
        found = moments(task, start, last)
        return [at for at in islice(found, 1 if task.one_off else count) if _alive(task, at)]
    except (ValueError, ImportError):  # a row that cannot be read, or solar without `ephem`
        return []


def moments(task: Any, start: datetime, last: datetime | None) -> Iterator[datetime]:
    """Every moment from `start` on, oldest first; an interval counts from `last`."""
    if task.interval:
        yield from _intervals(task.interval, start, last)
    elif task.crontab:
        yield from crontab_moments(task.crontab.schedule, task.crontab.timezone, start)
    elif task.clocked:
        if task.clocked.clocked_time >= start:
            yield task.clocked.clocked_time
    elif task.solar:
        yield from _solar(task.solar.schedule, start)


def _alive(task: Any, at: datetime) -> bool:
    return task.expires is None or at < task.expires


def step_of(interval: Any) -> timedelta:
    return timedelta(**{interval.period: max(interval.every, 1)})


def _intervals(interval: Any, start: datetime, last: datetime | None) -> Iterator[datetime]:
    """Counted from its last run; what is overdue is due now."""
    step = step_of(interval)
    at = max(start, last + step) if last else start + step
    while True:
        yield at
        at += step


def crontab_moments(cron: Any, zone: Any, start: datetime) -> Iterator[datetime]:
    """Those of a celery `crontab`, in UTC.  Day of month *and* weekday must hold."""
    local = start.astimezone(zone)
    day, end = local.date(), local.date() + YEARS
    while day < end:
        if _on(cron, day):
            for hour in sorted(cron.hour):
                for minute in sorted(cron.minute):
                    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    if (moment := at.astimezone(UTC)) > start:
                        yield moment
        day += timedelta(days=1)


def _on(cron: Any, day: Any) -> bool:
    return (
        day.month in cron.month_of_year
        and day.day in cron.day_of_month
        and day.isoweekday() % 7 in cron.day_of_week
    )


def _solar(schedule: Any, start: datetime) -> Iterator[datetime]:
    """Needs `ephem`.  Bounded: beyond a polar circle the sun may not rise for months."""
    at = start
    for _ in range(60):
        at = at + timedelta(minutes=1)
        at = datetime.now(UTC) + schedule.remaining_estimate(at)
        yield at
