"""Finds the hours in which a pattern, a task or its failures were not as usual.  WORKER.

Each is told in one sentence with both numbers; judging an hour again changes nothing that was told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from tasklog.insights.baselines import Judged, hours_needed, judge
from tasklog.insights.models import (
    HOUR,
    OTHERS,
    Anomaly,
    Cursor,
    Pattern,
    PatternHour,
    TaskHour,
    hour_of,
)

JUDGED = "anomalies"
# Hours looked at when it is the first time, or after a long pause.
MOST = 48
# So many make a burst.
LEAST = {"lines": 20, "runs": 20, "failures": 5}
# Things of an hour that are told; more would be one storm told many times.
TOLD = 20


class Thing(NamedTuple):
    """What has a series: a pattern's lines, a task's runs, or a task's failures."""

    kind: str
    task: str
    pattern: Pattern | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.pattern.pk if self.pattern else self.task}"


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
    """Judges one hour and writes down what was not known; the worst first."""
    since = known_since()
    judged = [
        (thing, found)
        for thing, series, first in _series(hour)
        if (found := judge(series, hour, max(since, first), least=LEAST[thing.kind]))
    ]
    judged.sort(key=lambda one: -abs(one[1].score))
    rows = [_anomaly(thing, found, hour) for thing, found in judged[:TOLD]]
    with transaction.atomic():
        known = set(Anomaly.objects.filter(hour=hour).values_list("key", flat=True))
        fresh = [row for row in rows if row.key not in known]
        Anomaly.objects.bulk_create(fresh, ignore_conflicts=True)
    return fresh


def known_since() -> int:
    """The first hour anything was counted in."""
    first = PatternHour.objects.aggregate(n=Min("hour"))["n"]
    other = TaskHour.objects.aggregate(n=Min("hour"))["n"]
    return int(min((one for one in (first, other) if one is not None), default=2**31))


def _series(hour: int) -> Iterator[tuple[Thing, dict[int, float], int]]:
    """Every thing's hours, and from when on it exists."""
    wanted = [*hours_needed(hour), hour]
    yield from _pattern_series(wanted)
    yield from _task_series(wanted)


def _pattern_series(wanted: list[int]) -> Iterator[tuple[Thing, dict[int, float], int]]:
    found: dict[int, dict[int, float]] = defaultdict(dict)
    rows = PatternHour.objects.filter(hour__in=wanted).values_list("pattern_id", "hour", "count")
    for key, hour, count in rows.iterator(chunk_size=5000):
        found[key][hour] = count
    for pattern in Pattern.objects.defer("example", "places").iterator(chunk_size=2000):
        if pattern.pk in found and pattern.template != OTHERS:
            # That it was absent before its first line is no habit: new ones are told as new.
            first = hour_of(pattern.first_seen)
            yield Thing("lines", pattern.task, pattern), found[pattern.pk], first


def _task_series(wanted: list[int]) -> Iterator[tuple[Thing, dict[int, float], int]]:
    runs: dict[str, dict[int, float]] = defaultdict(dict)
    bad: dict[str, dict[int, float]] = defaultdict(dict)
    rows = TaskHour.objects.filter(hour__in=wanted)
    for task, hour, ended, failed in rows.values_list("task", "hour", "ended", "failed"):
        runs[task][hour], bad[task][hour] = ended, failed
    for task, series in runs.items():
        first = min(series)
        yield Thing("runs", task), series, first
        if any(bad[task].values()):
            yield Thing("failures", task), bad[task], first


def _anomaly(thing: Thing, found: Judged, hour: int) -> Anomaly:
    failing = thing.kind == "failures" and found.kind == "burst"
    return Anomaly(
        kind=Anomaly.Kind.FAILURES if failing else found.kind,
        task=thing.task, pattern=thing.pattern, hour=hour, observed=found.observed,
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
