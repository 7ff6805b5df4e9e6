"""How long a task usually takes: the middle of its last 50 finished runs.  WEB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F

from tasklog import memo
from tasklog.models import TaskRun

# A range moves slowly; a minute old is new.
SECONDS = 60
SAMPLE = 50
# Finished ones are looked for among so many of a task's newest runs: a flood may be waiting.
AMONG = 300
# Fewer say nothing about what is usual.
ENOUGH = 3

Range = tuple[float, float]


def usual_ranges(names: Iterable[str]) -> dict[str, Range]:
    """The p10–p90 of each task's durations in seconds; a task seldom seen has none."""
    wanted = {name for name in names if name}
    missing = [name for name in sorted(wanted) if memo.peek(("usual", name)) is None]
    for name, took in (_durations(missing) if missing else {}).items():
        memo.put(("usual", name), SECONDS, _range(took))
    known = {name: memo.peek(("usual", name)) for name in wanted}
    return {name: span for name, span in known.items() if span}


def _durations(names: list[str]) -> dict[str, list[float]]:
    """One query: per name a walk along the index (name, created_at), bounded twice."""
    parts: list[str] = []
    values: list[Any] = []
    for place, name in enumerate(names):
        newest = (
            TaskRun.objects.filter(name=name)
            .order_by("-created_at")
            .values(took=F("finished_at") - F("started_at"))[:AMONG]
        )
        sql, params = newest.query.sql_with_params()
        # Wrapped, because SQLite allows no LIMIT inside a compound SELECT.
        # Numbers of ours and Django's own SQL; names go in as parameters.
        part = f"SELECT {place}, took FROM ({sql}) AS newest WHERE took IS NOT NULL LIMIT {SAMPLE}"  # noqa: S608
        parts.append(f"SELECT * FROM ({part}) AS part")  # noqa: S608
        values += params
    return _grouped(names, " UNION ALL ".join(parts), values)


def _grouped(names: list[str], sql: str, params: list[Any]) -> dict[str, list[float]]:
    took: dict[str, list[float]] = defaultdict(list, {name: [] for name in names})
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for place, value in cursor.fetchall():
            took[names[place]].append(_seconds(value))
    return took


def _seconds(value: timedelta | float) -> float:
    """PostgreSQL answers with an interval, SQLite with microseconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value / 1_000_000


def _range(took: list[float]) -> Range | tuple[()]:
    """Nearest ranks; () is kept too, so that a rare task is not asked about on every poll."""
    if len(took) < ENOUGH:
        return ()
    ranked = sorted(took)
    last = len(ranked) - 1
    return ranked[round(last * 0.1)], ranked[round(last * 0.9)]
