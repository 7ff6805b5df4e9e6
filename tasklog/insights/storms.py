"""Unusual hours of one task that follow each other are one storm: told once, by its strongest sign.

BOTH.  A gateway that fails shows in the task's failures, in its runs and in half of its patterns; a
reader wants the one sentence, and behind it what else proves it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tasklog.insights.models import Anomaly, moment_of

WARNING, ERROR = 30, 40


@dataclass(frozen=True, slots=True)
class Storm:
    """Signs of one task, the strongest first; begin ≤ hour < end."""

    signs: tuple[Anomaly, ...]
    begin: int
    end: int

    @property
    def head(self) -> Anomaly:
        return self.signs[0]

    @property
    def also(self) -> tuple[Anomaly, ...]:
        return self.signs[1:]

    @property
    def began(self) -> datetime:
        return moment_of(self.begin)

    @property
    def ended(self) -> datetime:
        return moment_of(self.end)


def gathered(rows: Iterable[Anomaly]) -> list[Storm]:
    """The storms that these signs belong to, the newest first."""
    found: dict[tuple[str, int], list[Anomaly]] = {}
    for row in rows:
        found.setdefault((row.task, row.storm), []).append(row)
    storms = [_storm(signs) for signs in found.values()]
    return sorted(storms, key=lambda storm: (-storm.end, -strength(storm.head)))


def begin_of(row: Anomaly, near: Iterable[Anomaly]) -> int:
    """The hour in which this sign's storm began: a neighbouring sign tells, or it is the first."""
    beside = (one for one in near if one.task == row.task and abs(one.hour - row.hour) <= 1)
    return min((one.storm for one in beside), default=row.hour)


def strength(row: Anomaly) -> float:
    """What is told before what: failures, errors, warnings, runs, other lines; then how far off."""
    return weight(row) + math.sqrt(min(abs(row.score), 1000))


def weight(row: Anomaly) -> float:
    if row.kind == Anomaly.Kind.FAILURES:
        return 50.0
    return weight_of(row.pattern.level) if row.pattern else 10.0


def weight_of(level: int) -> float:
    """A line at this level: an error is worth more than a word."""
    return 30.0 if level >= ERROR else 15.0 if level >= WARNING else 5.0


def _storm(rows: list[Anomaly]) -> Storm:
    """Of each thing its worst hour is a sign."""
    signs: dict[tuple[str, int | None], Anomaly] = {}
    for row in sorted(rows, key=strength, reverse=True):
        signs.setdefault((row.kind, row.pattern_id), row)
    hours = [row.hour for row in rows]
    return Storm(tuple(signs.values()), min(hours), max(hours) + 1)
