"""How late lines were stored: a bounded sample of the lag of each attempt.

Kept in the drainer's memory: a restarted drainer samples from then on.  Counts (emitted, stored,
dropped) do not live here but on the attempt, in the transaction of the lines.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from tasklog.line import RECORDED
from tasklog.spool.record import LineRecord

# Per attempt and in all: 512 numbers a running attempt, the calmest attempts are forgotten.
SAMPLES = 512
ATTEMPTS = 2_000
# Of one batch, this many lines are looked at.
PER_BATCH = 8

_lags: OrderedDict[str, Lags] = OrderedDict()


class Lags:
    """A reservoir: every lag noted has the same chance to be in it."""

    __slots__ = ("count", "kept")

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[float] = []

    def add(self, lag: float) -> None:
        self.count += 1
        if len(self.kept) < SAMPLES:
            self.kept.append(lag)
        elif (place := random.randrange(self.count)) < SAMPLES:  # noqa: S311
            self.kept[place] = lag

    def percentile(self, share: float) -> float:
        ordered = sorted(self.kept)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def note(attempt: str, records: Sequence[LineRecord], now: datetime) -> None:
    """Remembers how old some of these lines are at the moment of storing."""
    lags = _lags.setdefault(attempt, Lags())
    _lags.move_to_end(attempt)
    moment = now.timestamp() * 1000
    for record in records[:: max(len(records) // PER_BATCH, 1)]:
        if record.origin != RECORDED:  # they are written long after their time
            lags.add(max(moment - record.at / 1000, 0.0))
    while len(_lags) > ATTEMPTS:
        _lags.popitem(last=False)


def lags(attempt: str) -> dict[str, float]:
    """The attempt's `lag_p50_ms` and `lag_p95_ms`; empty where nothing was noted."""
    found = _lags.pop(attempt, None)
    if found is None:
        return {}
    return {
        "lag_p50_ms": round(found.percentile(0.5), 3),
        "lag_p95_ms": round(found.percentile(0.95), 3),
    }
