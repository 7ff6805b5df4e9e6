"""The strip of health above the runs: four figures, each with its last hour.  WEB.

Every query walks an index and stops early.  The curves are drawn from the newest few hundred
finished runs and the open ones, so they are a sample where more than that ends in an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum
from django.utils import timezone

from dashboard import memo
from dashboard.listing import COUNT_LIMIT
from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.models import Drainer, TaskRun
from tasklog.states import BAD, State

SECONDS = 2
CURVE_SECONDS = 10
HOUR = timedelta(hours=1)
BUCKETS = 24
BUCKET_SECONDS = HOUR.total_seconds() / BUCKETS
SAMPLE = 200
FAILED = tuple(sorted(BAD - {State.REVOKED}))


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: the number now, its curve, and the list behind it."""

    title: str
    value: str
    curve: list[float]
    tone: str
    query: str = ""


class Spell(NamedTuple):
    """When one run waited, ran and wrote; open ends are now."""

    queued: datetime | None
    started: datetime | None
    finished: datetime | None
    state: str
    lines: int


def figures(user: Any) -> list[Figure]:
    """The strip for this reader."""
    who = memo.audience(user)
    runs = TaskRun.objects.visible_to(user)
    now = memo.keep(("strip", who), SECONDS, lambda: _counts(runs))
    curves = memo.keep(("curves", who), CURVE_SECONDS, lambda: _curves(runs))
    running, waiting, failed, lines = (
        "Running now", "Waiting in queues", "Failed in the last hour", "Lines stored per second",
    )  # fmt: skip
    return [
        Figure(running, now[0], curves[0], "accent", "?state=running"),
        Figure(waiting, now[1], curves[1], "warn", "?state=waiting"),
        Figure(failed, now[2], curves[2], "bad", "?state=failed"),
        Figure(lines, now[3], curves[3], "ok"),
    ]


def _counts(runs: QuerySet[Any]) -> tuple[str, str, str, str]:
    return (
        _said(_open(runs, State.STARTED)),
        _said(_open(runs, State.PENDING)),
        _said(sum(_ended_within(runs, state, HOUR) for state in FAILED)),
        f"{_lines_per_second():,.0f}",
    )


def _said(n: int) -> str:
    return f"{n:,}" if n <= COUNT_LIMIT else f"{COUNT_LIMIT:,}+"


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


def _curves(runs: QuerySet[Any]) -> tuple[list[float], list[float], list[float], list[float]]:
    """Running, waiting, failed and lines a second, over the last hour, oldest first."""
    now = timezone.now()
    running, waiting, failed, lines = ([0.0] * BUCKETS for _ in range(4))
    for spell in _spells(runs, now):
        queued, started, finished = (_place(at, now) for at in spell[:3])
        _spread(waiting, queued, started if spell.started else BUCKETS, 1)
        _spread(running, started, finished, 1)
        if spell.state in FAILED:
            _spread(failed, finished, finished, 1)
        rate = spell.lines / max(finished - started, 1.0) / BUCKET_SECONDS
        _spread(lines, started, finished, rate)
    return running, waiting, failed, lines


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
