"""What is usual at an hour of the week, and how far from it an hour was.  WORKER.

The median and the median absolute deviation (MAD) of the same hour of earlier weeks, with the
hours beside it; where there are too few weeks, of the same hour of earlier days; else of all hours
of the last two days.  Both shrug off earlier bursts.  1.4826 · MAD estimates a standard deviation
(Rousseeuw and Croux, 1993, "Alternatives to the Median Absolute Deviation"); counts vary by at
least the root of their mean, so the spread is never taken for less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import median

from tasklog.insights.models import moment_of

DAY, WEEK = 24, 7 * 24
WEEKS, DAYS = 6, 14
# Fewer hours say nothing about what is usual.
ENOUGH = 5
# Deviations from which on an hour is unusual, and what else it takes: a multiple, and lines.
FAR, TIMES, LEAST = 6.0, 3.0, 20
# Silence: at most this share of the usual, where usually there is so much.
QUIET, EXPECTED = 0.1, 20
_CONSISTENT = 1.4826

# Hour → how many; an hour that is missing had none.
Series = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual number for an hour; `by`: in words, which hours it was learned from."""

    middle: float
    spread: float
    by: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An hour that is not usual.  `kind`: "burst" or "silence"."""

    kind: str
    observed: float
    usual: Usual
    score: float


def hours_needed(hour: int) -> list[int]:
    """All hours that `usual` may look at for this one."""
    weekly = [hour - WEEK * n + beside for n in range(1, WEEKS + 1) for beside in (-1, 0, 1)]
    daily = [hour - DAY * n for n in range(1, DAYS + 1)]
    return sorted({*weekly, *daily, *range(hour - 2 * DAY, hour)})


def usual(series: Series, hour: int, since: int) -> Usual | None:
    """What is usual at this hour; `since`: the first hour anything is known of.

    None where too little is known.
    """
    weekly = [hour - WEEK * n + beside for n in range(1, WEEKS + 1) for beside in (-1, 0, 1)]
    daily = [hour - DAY * n for n in range(1, DAYS + 1)]
    recent = list(range(hour - 2 * DAY, hour))
    by = f"{moment_of(hour):%A %H:%M}"
    for hours, words in ((weekly, by), (daily, f"{moment_of(hour):%H:%M}"), (recent, "an hour")):
        known = [series.get(one, 0) for one in hours if one >= since]
        if len(known) >= ENOUGH:
            return _of(known, words)
    return None


def judge(series: Series, hour: int, since: int, *, least: int = LEAST) -> Judged | None:
    """None for a usual hour, and for one of which too little is known to tell.

    `least`: so many it takes at least to be a burst.
    """
    found = usual(series, hour, since)
    if found is None:
        return None
    seen = series.get(hour, 0)
    score = (seen - found.middle) / found.spread
    if score >= FAR and seen >= least and seen >= TIMES * found.middle:
        return Judged("burst", seen, found, score)
    if found.middle >= EXPECTED and seen <= QUIET * found.middle and score <= -FAR / 2:
        return Judged("silence", seen, found, score)
    return None


def _of(values: list[float], by: str) -> Usual:
    middle = median(values)
    deviation = _CONSISTENT * median(abs(value - middle) for value in values)
    return Usual(middle, max(deviation, sqrt(middle), 1.0), by)
