"""When the shop's tasks run: more by day, fewer at night and at weekends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from demo.seed.job import Job
from demo.seed.office import STOCK
from demo.seed.shop import INVOICE, PAYMENTS

HOUR = timedelta(hours=1)
# The share of a day that falls into each hour (UTC).
_DAY = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 10, 11, 11, 10, 9, 8, 7, 6, 5, 3, 2)
_WEEKEND = 0.6
# In these hours before the end stock is not synchronised.
SILENCE = (9, 7)


class Storm(NamedTuple):
    """An hour, so many hours before the end, with more runs than usual, most of them failing."""

    job: Job
    hours: int
    runs: int
    failing: float

    def begins(self, end: datetime) -> datetime:
        return _full(end) - self.hours * HOUR


GATEWAY = Storm(PAYMENTS, hours=5, runs=42, failing=0.8)
MAILBOXES = Storm(INVOICE, hours=75, runs=24, failing=0.4)


def storm_of(job: Job, at: datetime, end: datetime) -> Storm | None:
    """The storm this run is part of."""
    for storm in (GATEWAY, MAILBOXES):
        if job is storm.job and storm.begins(end) <= at < storm.begins(end) + HOUR:
            return storm
    return None


def moments(job: Job, begin: datetime, end: datetime, random: Random) -> list[datetime]:
    """When its runs are asked for, in order."""
    found = _by_the_clock(job, begin, end) if job.every or job.at is not None else None
    if found is None:
        found = _by_the_day(job, begin, end, random)
    for storm in (GATEWAY, MAILBOXES):
        if job is storm.job:
            first = storm.begins(end)
            found = [*found, *(first + HOUR * random.random() for _ in range(storm.runs))]
    if job is STOCK:
        quiet, again = silence_of(end)
        found = [at for at in found if not quiet <= at < again]
    last = end - timedelta(seconds=2 * job.seconds)  # a run that has begun has ended too
    return sorted(at for at in found if begin <= at < last)


def silence_of(end: datetime) -> tuple[datetime, datetime]:
    """The hours in which stock is not synchronised."""
    return _full(end) - SILENCE[0] * HOUR, _full(end) - SILENCE[1] * HOUR


def _full(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _by_the_clock(job: Job, begin: datetime, end: datetime) -> list[datetime]:
    day = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    step = timedelta(minutes=job.every) if job.every else timedelta(days=1)
    at, found = day + HOUR * (job.at or 0), []
    while at < end:
        found.append(at)
        at += step
    return found


def _by_the_day(job: Job, begin: datetime, end: datetime, random: Random) -> list[datetime]:
    return [
        hour + HOUR * random.random()
        for hour in _hours(begin, end)
        for _ in range(int(_expected(job, hour) + random.random()))
    ]


def _hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    hour = _full(begin)
    while hour < end:
        yield hour
        hour += HOUR


def _expected(job: Job, hour: datetime) -> float:
    quiet = _WEEKEND if hour.weekday() >= 5 else 1.12
    return job.a_day * quiet * _DAY[hour.hour] / sum(_DAY)
