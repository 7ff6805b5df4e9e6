"""What goes on now, in four figures, each with its last hour.  WEB.

Every query walks an index and stops early.  The curves are drawn from the newest few hundred
finished runs and the open ones, so they are a sample where more than that ends in an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum
from django.utils import timezone

from tasklog import memo
from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.models import Drainer, TaskRun
from tasklog.states import BAD, State

SECONDS = 2
CURVE_SECONDS = 10
# Counts go no further: beyond it is "1,000+".
COUNT_LIMIT = 1000
HOUR = timedelta(hours=1)
BUCKETS = 24
BUCKET_SECONDS = HOUR.total_seconds() / BUCKETS
SAMPLE = 200
FAILED = tuple(sorted(BAD - {State.REVOKED}))


class Now(NamedTuple):
    """Counts that stop one past `COUNT_LIMIT`; `failed` within the last hour, lines a second."""

    running: int
    waiting: int
    failed: int
    lines: float


class Curves(NamedTuple):
    """The last hour in BUCKETS parts, oldest first."""

    running: list[float]
    waiting: list[float]
    failed: list[float]
    lines: list[float]


class Spell(NamedTuple):
    """When one run waited, ran and wrote; open ends are now."""

    queued: datetime | None
    started: datetime | None
    finished: datetime | None
    state: str
    lines: int


def now(user: Any) -> Now:
    """What goes on in the runs this reader may see; the lines are everybody's."""
    runs = TaskRun.objects.visible_to(user)
    return memo.keep(("strip", memo.audience(user)), SECONDS, lambda: _counts(runs))


def last_hour(user: Any) -> Curves:
    """The curves for this reader."""
    runs = TaskRun.objects.visible_to(user)
    return memo.keep(("curves", memo.audience(user)), CURVE_SECONDS, lambda: _curves(runs))


def _counts(runs: QuerySet[Any]) -> Now:
    return Now(
        _open(runs, State.STARTED),
        _open(runs, State.PENDING),
        sum(_ended_within(runs, state, HOUR) for state in FAILED),
        _lines_per_second(),
    )


def _open(runs: QuerySet[Any], state: State) -> int:
    return runs.filter(state=state).order_by()[: COUNT_LIMIT + 1].count()


def _ended_within(runs: QuerySet[Any], state: str, span: timedelta) -> int:
    """Among the newest of that state, so that years of failures cost nothing."""
    lane = runs.filter(state=state).order_by("-created_at")
    edge = lane.values_list("created_at", flat=True)[COUNT_LIMIT : COUNT_LIMIT + 1]
    for oldest in edge:
        lane = lane.filter(created_at__gte=oldest)
    return lane.order_by().filter(finished_at__gte=timezone.now() - span).count()


def _lines_per_second() -> float:
    alive = timezone.now() - timedelta(seconds=DEAD_AFTER_SECONDS)
    total = Drainer.objects.filter(seen_at__gte=alive).aggregate(n=Sum("lines_per_second"))["n"]
    return total or 0.0


def _curves(runs: QuerySet[Any]) -> Curves:
    at = timezone.now()
    running, waiting, failed, lines = ([0.0] * BUCKETS for _ in range(4))
    for spell in _spells(runs, at):
        queued, started, finished = (_place(moment, at) for moment in spell[:3])
        _spread(waiting, queued, started if spell.started else BUCKETS, 1)
        _spread(running, started, finished, 1)
        if spell.state in FAILED:
            _spread(failed, finished, finished, 1)
        rate = spell.lines / max(finished - started, 1.0) / BUCKET_SECONDS
        _spread(lines, started, finished, rate)
    return Curves(running, waiting, failed, lines)


def _place(at: datetime | None, now: datetime) -> float:
    """A moment in buckets from the left edge; what has not happened yet lies beyond the right."""
    return BUCKETS - (now - at).total_seconds() / BUCKET_SECONDS if at else float(BUCKETS)


def _spread(curve: list[float], start: float, end: float, amount: float) -> None:
    """Adds `amount` to every bucket the span touches."""
    for bucket in range(max(0, int(start)), min(BUCKETS, int(end) + 1)):
        curve[bucket] += amount


def _spells(runs: QuerySet[Any], now: datetime) -> Iterable[Spell]:
    columns = ("queued_at", "started_at", "finished_at", "state", "line_count")
    ended = runs.filter(finished_at__gte=now - HOUR).order_by("-finished_at")
    yield from map(Spell._make, ended.values_list(*columns)[:SAMPLE])
    for state in (State.STARTED, State.PENDING):
        lane = runs.filter(state=state).order_by("-created_at")
        yield from map(Spell._make, lane.values_list(*columns)[:SAMPLE])
