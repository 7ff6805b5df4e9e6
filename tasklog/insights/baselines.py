"""What is usual at an hour, and how far from it an hour was.  WORKER.

The median and the median absolute deviation (MAD) of the same hour of earlier weeks; where there
are too few, of the same hour of earlier days of its kind (workdays or weekends); else of the last
two days.  Both shrug off earlier bursts.  1.4826 · MAD estimates a standard deviation (Rousseeuw
and Croux, 1993, "Alternatives to the Median Absolute Deviation"); counts vary by at least the root
of their mean, so the spread is never taken for less.

What comes seldom has no rhythm to learn: its usual is that of the hours it came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from statistics import median

from tasklog.insights.models import moment_of

DAY, WEEK = 24, 7 * 24
WEEKS, DAYS = 6, 14
# Values that are enough to learn from: of the same hour of weeks, and of days.
ENOUGH, FEW = 5, 3
# Deviations from which on an hour is unusual, and what else it takes: a multiple, and lines.
FAR, TIMES, LEAST = 6.0, 3.0, 20
# A burst stands out from the loudest of the hours like it, too.
ABOVE = 1.5
# Silence: at most this share of the usual, where usually there is so much.
QUIET, EXPECTED = 0.1, 20
# It is not silent, where an hour beside has so much of what is missing above its own usual.
MOVED = 0.75
# What came in fewer of the hours than this comes seldom; known so little, it takes more.
SELDOM, LITTLE_KNOWN = 0.5, 10.0
_CONSISTENT = 1.4826
# The first of January 1970 was a Thursday; Monday is 0.
_THURSDAY, _SATURDAY = 3, 5

# Hour → how many; an hour that is missing had none.
Series = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual number for an hour; `by`: in words, which hours it was learned from.

    `low` and `high`: what only the quietest and the loudest of hours like it go beyond.  `steady`:
    the spread by weeks or by days, whichever is less.
    """

    middle: float
    spread: float
    by: str
    low: float = 0.0
    high: float = 0.0
    steady: float = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """An hour that is not usual.  `kind`: "burst" or "silence"."""

    kind: str
    observed: float
    usual: Usual
    score: float


def hours_needed(hour: int) -> list[int]:
    """The hours that `judge` looks at for this one; of what comes seldom it wants all."""
    daily = [one + step for one in _daily(hour) for step in (-1, 0, 1)]
    return sorted({*_weekly(hour, beside=1), *daily, *_recent(hour), hour, hour + 1})


def usual(series: Series, hour: int, since: int) -> Usual | None:
    """What is usual at this hour; `since`: the first hour anything is known of.

    None where too little is known.
    """

    def known(hours: Iterable[int]) -> list[float]:
        return [series.get(one, 0) for one in hours if one >= since]

    at, weekly = moment_of(hour), known(_weekly(hour))
    daily = known(_of_its_kind(hour))
    if len(weekly) < ENOUGH and len(daily) < FEW:
        recent = known(_recent(hour))
        return _of(recent, [], [], "an hour") if len(recent) >= DAY else None
    beside = [known(_beside(hour, step)) for step in (-1, 1)]
    if len(weekly) >= ENOUGH:
        return _of(weekly, daily, beside, f"{at:%A %H:%M}")
    return _of(daily, [], beside, f"{at:%H:%M}")


def judge(series: Series, hour: int, since: int, *, least: int = LEAST) -> Judged | None:
    """None for a usual hour, and for one of which too little is known to tell.

    `least`: so many it takes at least to be a burst.  A silence is judged when the hour after is
    known: what came a few minutes early or late is none.
    """
    found = usual(series, hour, since)
    if found is None:
        return None
    seen = series.get(hour, 0)
    if seen >= least and seen > found.middle:
        return _burst(series, hour, since, found)
    if found.middle >= EXPECTED and seen <= QUIET * found.middle:
        return _silence(series, hour, since, found)
    return None


def _burst(series: Series, hour: int, since: int, found: Usual) -> Judged | None:
    seen = series[hour]
    if comes_seldom(series, hour, since):
        found, often = _when_it_comes(series, hour, since)
        enough = (TIMES if often else LITTLE_KNOWN) * found.high
    else:
        enough = max(TIMES * found.middle, ABOVE * found.high, TIMES * _lately(series, hour, since))
    score = (seen - found.middle) / found.spread
    return Judged("burst", seen, found, score) if score >= FAR and seen >= enough else None


def _silence(series: Series, hour: int, since: int, found: Usual) -> Judged | None:
    """Hardly ever so quiet, not for days already, and what is missing is not beside.

    What grew over the weeks varies by that, too: the steadier of weeks and days is the measure.
    """
    seen, quiet = series.get(hour, 0), QUIET * found.middle
    if found.low < max(2 * quiet, EXPECTED / 2):
        return None
    if found.middle - seen < FAR / 2 * found.steady:
        return None
    if _lately(series, hour, since, none=found.middle) <= quiet:
        return None
    score, missing = (seen - found.middle) / found.spread, found.middle - seen
    beside = (_excess(series, hour + step, since) for step in (-1, 1))
    moved = max(beside) >= MOVED * missing
    return None if moved else Judged("silence", seen, found, score)


def comes_seldom(series: Series, hour: int, since: int) -> bool:
    """Was it there in fewer than half of the hours like this one?"""
    near = {*_weekly(hour, beside=1), *_of_its_kind(hour)}
    alike = [one for one in near if one >= since]
    alike = alike if len(alike) >= FEW else [one for one in _recent(hour) if one >= since]
    return sum(1 for one in alike if series.get(one)) < SELDOM * len(alike)


def _when_it_comes(series: Series, hour: int, since: int) -> tuple[Usual, bool]:
    """The usual of the hours it came in; and whether these were enough to know it by."""
    first = max(since, hour - WEEKS * WEEK)
    # A storm of several hours is not measured by its own first ones.
    last = hour - DAY if first < hour - WEEK else hour
    came = [count for one, count in series.items() if first <= one < last and count]
    if not came:
        return Usual(0, 1.0, f"{moment_of(hour):%A %H:%M}"), True
    often = len(came) >= ENOUGH
    high = sorted(came)[-2 if often else -1]  # one burst of long ago is shrugged off
    return replace(_of(came, [], [], "an hour that has any"), high=high), often


def _lately(series: Series, hour: int, since: int, none: float = 0.0) -> float:
    """The same hour of the last three such days: what has become a habit is no news."""
    days = [one for one in _of_its_kind(hour)[:FEW] if one >= since]
    return median(series.get(one, 0) for one in days) if len(days) >= FEW else none


def _excess(series: Series, hour: int, since: int) -> float:
    """How much more than usual, and than lately, this hour had."""
    found = usual(series, hour, since)
    return series.get(hour, 0) - max(found.middle if found else 0, _lately(series, hour, since))


def _of(values: list[float], more: list[float], beside: list[list[float]], by: str) -> Usual:
    """The middle of `values`; `more` and `beside` are hours like them, to know how far they go."""
    middle, alike = median(values), values + more
    deviations = [_deviation(values), *([_deviation(more)] if len(more) >= FEW else [])]
    floor = max(sqrt(middle), 1.0)
    # The hour before a batch is not like it, nor is the one before the office opens.
    near = [part for part in beside if part and median(part) > middle / 2]
    low, high = _edges(sum(near, alike))[0], _edges(sum(beside, alike))[1]
    steady = max(floor, min(deviations))
    return Usual(middle, max(floor, *deviations), by, low, high, steady)


def _edges(values: list[float]) -> tuple[float, float]:
    """What one in twenty is below, and what one in twenty is above."""
    ordered = sorted(values)
    few = round(len(ordered) / 20)
    return ordered[few], ordered[-1 - few]


def _deviation(values: list[float]) -> float:
    """The MAD, as an estimate of a standard deviation."""
    middle = median(values)
    return _CONSISTENT * median(abs(value - middle) for value in values)


def _weekly(hour: int, beside: int = 0) -> list[int]:
    steps = range(-beside, beside + 1)
    return [hour - WEEK * n + step for n in range(1, WEEKS + 1) for step in steps]


def _daily(hour: int) -> list[int]:
    return [hour - DAY * n for n in range(1, DAYS + 1)]


def _of_its_kind(hour: int) -> list[int]:
    """The same hour of earlier workdays, or of earlier days of weekends."""
    return [one for one in _daily(hour) if _is_weekend(one) == _is_weekend(hour)]


def _beside(hour: int, step: int) -> list[int]:
    """The hours before (-1) or after (1) the same hour of weeks and days."""
    return [one + step for one in (*_weekly(hour), *_of_its_kind(hour))]


def _recent(hour: int) -> list[int]:
    return list(range(hour - 2 * DAY, hour))


def _is_weekend(hour: int) -> bool:
    return (hour // DAY + _THURSDAY) % 7 >= _SATURDAY
