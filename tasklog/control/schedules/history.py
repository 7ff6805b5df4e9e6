"""The last runs of a schedule, and those that should have been and are not there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from django.utils import timezone

from tasklog.control.schedules.models import ScheduleSkip, ScheduleSpan
from tasklog.control.schedules.times import moments, step_of
from tasklog.models import TaskRun
from tasklog.querysets import RunQuerySet

LAST = 20
# How far back a missing run is looked for, in time and in runs.
LOOK_BACK = timedelta(hours=24)
MOST = 300
# Beat may send a little early or late, and its clock be another one's.
EARLY = timedelta(seconds=5)
GRACE = timedelta(seconds=60)


def runs_of(name: str) -> RunQuerySet:
    """Its runs, newest first, those that people started included.

    The second condition is the partial index's own: without it SQLite would read the whole table.
    """
    return TaskRun.objects.filter(schedule=name, schedule__gt="").order_by("-created_at")


def by_beat(name: str) -> RunQuerySet:
    """Those that beat sent: nobody is named as having started them."""
    return runs_of(name).filter(triggered_by="")


def last_sent(task: Any) -> datetime | None:
    """When beat sent it last.  Its own note is minutes old at times; runs may know better."""
    newest = by_beat(task.name).values_list("created_at", flat=True).first()
    return max(filter(None, (task.last_run_at, newest)), default=None)


def missed(task: Any) -> list[datetime]:
    """Moments of the last day at which it was due and no run began before the next one.

    Newest first.  Left out on purpose is not missed, and a run that is late has come.
    """
    if not task.enabled or not (task.interval or task.crontab):
        return []
    now = timezone.now()
    since = _since(task, now)
    sent = list(
        by_beat(task.name)
        .filter(created_at__gte=since - EARLY)
        .values_list("created_at", flat=True)[:MOST]
    )
    if len(sent) == MOST:  # more of them than are read: look at the time they cover
        since = sent[-1]
    seen = sorted([*sent, *_skipped(task.name, since)])
    find = _gaps if task.interval else _unmet
    return sorted(find(task, since, now, seen), reverse=True)


def _since(task: Any, now: datetime) -> datetime:
    span = ScheduleSpan.objects.filter(pk=task.name).values_list("since", flat=True).first()
    oldest = by_beat(task.name).order_by("created_at").values_list("created_at", flat=True)
    # Beat changes `date_changed` as well, but not of one that it never sent.
    known: datetime = span or oldest.first() or task.date_changed
    return max(now - LOOK_BACK, known, task.start_time or known)


def _skipped(name: str, since: datetime) -> list[datetime]:
    taken = ScheduleSkip.objects.filter(schedule=name, taken_at__gte=since - EARLY)
    return [at for at in taken.values_list("taken_at", flat=True)[:MOST] if at]


def _unmet(task: Any, since: datetime, now: datetime, seen: list[datetime]) -> list[datetime]:
    """Of a crontab: moments without a run until the next moment."""
    due = moments(task, since, None)
    expected = list(islice(due, MOST + 1))
    bounds = [(at, following) for at, following in pairwise(expected) if at < now - GRACE]
    return [at for at, end in bounds if not _any_in(seen, at - EARLY, min(end - EARLY, now))]


def _any_in(seen: Iterable[datetime], start: datetime, end: datetime) -> bool:
    return any(start <= at < end for at in seen)


def _gaps(task: Any, since: datetime, now: datetime, seen: list[datetime]) -> list[datetime]:
    """Of an interval, which has no fixed moments: steps without a run between two, or until now."""
    step = step_of(task.interval)
    slack = max(step / 2, GRACE)
    found: list[datetime] = []
    for before, after in pairwise([since, *seen, now]):
        at = before + step
        while at + slack < after and len(found) < MOST:
            found.append(at)
            at += step
    return found
