"""What has a number for every hour: a pattern's lines, a task's runs, its failures.  WORKER."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Min

from tasklog.insights.models import OTHERS, Pattern, PatternHour, TaskHour, hour_of, moment_of

# Patterns whose hours are in memory at a time.
AT_ONCE = 1000
# What was silent for longer is silent no more (hours).
QUIET = 15 * 24


class Thing(NamedTuple):
    """What has a series: a pattern's lines, a task's runs, or a task's failures."""

    kind: str
    task: str
    pattern: Pattern | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.pattern.pk if self.pattern else self.task}"

    def first(self, series: dict[int, float]) -> int:
        """From when on it is known: that it was absent before its first hour is no habit."""
        hour = min(series, default=2**31)
        return min(hour_of(self.pattern.first_seen), hour) if self.pattern else hour


def known_since() -> int:
    """The first hour anything was counted in."""
    firsts = [model.objects.aggregate(n=Min("hour"))["n"] for model in (PatternHour, TaskHour)]
    return int(min((one for one in firsts if one is not None), default=2**31))


def things(hours: Collection[int]) -> Iterator[tuple[Thing, dict[int, float]]]:
    """Everything that came lately, with its numbers in these hours."""
    yield from _patterns(hours)
    yield from _tasks(TaskHour.objects.filter(hour__in=hours))


def whole(thing: Thing, begin: int, end: int) -> dict[int, float]:
    """Its numbers in every hour of begin ≤ hour < end in which it came; failures: its task ran."""
    if thing.pattern:
        rows = thing.pattern.hours.filter(hour__gte=begin, hour__lt=end)
        return dict(rows.values_list("hour", "count"))
    tasks = TaskHour.objects.filter(task=thing.task, hour__gte=begin, hour__lt=end)
    return dict(tasks.values_list("hour", "failed" if thing.kind == "failures" else "ended"))


def _patterns(hours: Collection[int]) -> Iterator[tuple[Thing, dict[int, float]]]:
    edge = moment_of(max(hours, default=0) - QUIET)
    rows = Pattern.objects.filter(last_seen__gte=edge).exclude(template=OTHERS)
    chunk: list[Pattern] = []
    for pattern in rows.order_by("pk").defer("example", "places").iterator(chunk_size=AT_ONCE):
        chunk.append(pattern)
        if len(chunk) == AT_ONCE:
            yield from _with_hours(chunk, hours)
            chunk = []
    yield from _with_hours(chunk, hours)


def _with_hours(
    patterns: list[Pattern], hours: Collection[int]
) -> Iterable[tuple[Thing, dict[int, float]]]:
    found: dict[int, dict[int, float]] = defaultdict(dict)
    rows = PatternHour.objects.filter(
        pattern__gte=patterns[0].pk, pattern__lte=patterns[-1].pk, hour__in=hours
    ) if patterns else PatternHour.objects.none()  # fmt: skip
    for key, hour, count in rows.values_list("pattern_id", "hour", "count").iterator(5000):
        found[key][hour] = count
    return [(Thing("lines", one.task, one), found[one.pk]) for one in patterns if one.pk in found]


def _tasks(rows: Any) -> Iterator[tuple[Thing, dict[int, float]]]:
    runs: dict[str, dict[int, float]] = defaultdict(dict)
    bad: dict[str, dict[int, float]] = defaultdict(dict)
    for task, hour, ended, failed in rows.values_list("task", "hour", "ended", "failed"):
        runs[task][hour], bad[task][hour] = ended, failed
    for task, series in runs.items():
        yield Thing("runs", task), series
        if any(bad[task].values()):
            yield Thing("failures", task), bad[task]
