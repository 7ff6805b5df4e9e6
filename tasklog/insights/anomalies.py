"""Finds the hours in which a pattern, a task or its failures were not as usual.  WORKER.

Each is told in one sentence with both numbers; judging an hour again changes nothing that was told.
A silence is judged an hour later than a burst: what came a few minutes late is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.utils import timezone

from tasklog.insights.baselines import (
    ENOUGH,
    WEEK,
    WEEKS,
    Judged,
    comes_seldom,
    hours_needed,
    judge,
)
from tasklog.insights.models import HOUR, Anomaly, Cursor, hour_of
from tasklog.insights.series import Thing, known_since, things, whole
from tasklog.insights.storms import begin_of, strength

JUDGED = "anomalies"
# Hours looked at when it is the first time, or after a long pause.
MOST = 48
# So many make a burst.
LEAST = {"lines": 20, "runs": 20, "failures": 5}
# Of one task's storm so many signs are kept of an hour, and of an hour so many tasks' storms.
SIGNS, STORMS = 8, 20


def detect() -> list[Anomaly]:
    """Judges every full hour since the last time; returns what is new."""
    this = hour_of(timezone.now())
    cursor, _ = Cursor.objects.get_or_create(name=JUDGED)
    found: list[Anomaly] = []
    for hour in range(max(cursor.position, this - MOST), this):
        found += detect_hour(hour)
    Cursor.objects.filter(name=JUDGED).update(position=this, moved_at=timezone.now())
    return found


def detect_hour(hour: int) -> list[Anomaly]:
    """Judges one hour, for silences the one before; writes down what was not known."""
    since, hours = known_since(), {*hours_needed(hour), *hours_needed(hour - 1)}
    rows = [row for thing, thin in things(hours) for row in _judged(thing, thin, hour, since)]
    with transaction.atomic():
        near = list(Anomaly.objects.filter(hour__gte=hour - 2, hour__lte=hour + 1))
        known = {row.key for row in near}
        fresh = sorted(
            (row for row in _worst(rows) if row.key not in known), key=lambda row: row.hour
        )
        for row in fresh:
            row.storm = begin_of(row, near)
            near.append(row)
        Anomaly.objects.bulk_create(fresh, ignore_conflicts=True)
    return fresh


def _judged(thing: Thing, thin: dict[int, float], hour: int, since: int) -> Iterator[Anomaly]:
    """At a glance first; what looks unusual is held against all that is known of it."""
    for at, kind in ((hour, "burst"), (hour - 1, "silence")):
        if not _may_be(thing, thin, at, since, kind):
            continue
        series = whole(thing, at - WEEKS * WEEK - 1, at + 2)
        found = _judge(thing, series, at, since)
        if found and found.kind == kind and not _is_strange(thing, series, at):
            yield _anomaly(thing, found, at)


def _may_be(thing: Thing, thin: dict[int, float], hour: int, since: int, kind: str) -> bool:
    """Of what comes seldom these hours alone tell nothing."""
    if kind == "burst" and thin.get(hour, 0) < LEAST[thing.kind]:
        return False
    if kind == "burst" and comes_seldom(thin, hour, max(since, thing.first(thin))):
        return True
    found = _judge(thing, thin, hour, since)
    return found is not None and found.kind == kind


def _judge(thing: Thing, series: dict[int, float], hour: int, since: int) -> Judged | None:
    return judge(series, hour, max(since, thing.first(series)), least=LEAST[thing.kind])


def _is_strange(thing: Thing, series: dict[int, float], hour: int) -> bool:
    """A task that hardly ran has no usual failures."""
    return thing.kind == "failures" and sum(one < hour for one in series) < ENOUGH


def _worst(rows: Iterable[Anomaly]) -> list[Anomaly]:
    by_task: dict[str, list[Anomaly]] = {}
    for row in sorted(rows, key=strength, reverse=True):
        by_task.setdefault(row.task, []).append(row)
    return [row for own in list(by_task.values())[:STORMS] for row in own[:SIGNS]]


def _anomaly(thing: Thing, found: Judged, hour: int) -> Anomaly:
    failing = thing.kind == "failures" and found.kind == "burst"
    return Anomaly(
        kind=Anomaly.Kind.FAILURES if failing else found.kind,
        task=thing.task, pattern=thing.pattern, hour=hour, storm=hour, observed=found.observed,
        usual=found.usual.middle, score=round(found.score, 1),
        sentence=sentence(thing, found), key=f"{hour}:{thing.key}",
    )  # fmt: skip


def sentence(thing: Thing, found: Judged) -> str:
    """`31× the usual for Monday 03:00: 620 lines, usually 20`."""
    seen, middle = round(found.observed), round(found.usual.middle)
    what = {"lines": "lines", "runs": "runs", "failures": "failed runs"}[thing.kind]
    by = found.usual.by
    if found.kind == "silence":
        told = f"{seen:,}" if seen else "No"
        return f"{told} {what} where {middle:,} are usual for {by}"
    if middle == 0:
        return f"{seen:,} {what} where none are usual for {by}"
    return f"{seen / middle:.0f}× the usual for {by}: {seen:,} {what}, usually {middle:,}"


def forget(days: int = 100) -> int:
    """Deletes what was told so many days ago."""
    first = hour_of(timezone.now()) - days * 86400 // HOUR
    return Anomaly.objects.filter(hour__lt=first).delete()[0]
