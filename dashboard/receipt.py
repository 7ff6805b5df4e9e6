"""The receipt of a run: what its process says it emitted against what was stored.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tasklog.models import TaskAttempt, TaskRun


@dataclass(frozen=True, slots=True)
class Receipt:
    """All attempts of a run together.  `emitted` is None while one of them has not said it."""

    emitted: int | None
    stored: int
    dropped: int
    lag_p95_ms: float | None
    capture_percent: float | None
    open: bool

    @property
    def missing(self) -> int:
        """Lines that a process emitted and nobody stored or counted as dropped: an error."""
        if self.open or self.emitted is None:
            return 0
        return max(0, self.emitted - self.stored - self.dropped)

    @property
    def lag_p95(self) -> timedelta | None:
        """From the line being written to being stored; 95 of 100 were quicker."""
        return None if self.lag_p95_ms is None else timedelta(milliseconds=self.lag_p95_ms)

    @classmethod
    def of(cls, run: TaskRun, attempts: Iterable[TaskAttempt]) -> Receipt:
        attempts = list(attempts)
        on_the_way = sum(a.dropped for a in attempts)
        # The rest were stored first and went when the run passed its cap.
        capped = max(0, run.dropped_count - on_the_way)
        lags = [a.lag_p95_ms for a in attempts if a.lag_p95_ms is not None]
        return cls(
            emitted=_sum([a.emitted for a in attempts]),
            # What a source brought belongs to no attempt.
            stored=run.line_count if run.source else sum(a.stored for a in attempts) - capped,
            dropped=on_the_way + capped,
            lag_p95_ms=max(lags, default=None),
            capture_percent=_share(attempts),
            open=any(a.finished_at is None for a in attempts),
        )


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _share(attempts: list[TaskAttempt]) -> float | None:
    """Per cent of the run time that went into capturing."""
    spent: Any = sum(a.capture_us or 0 for a in attempts)
    took = sum((a.finished_at - a.started_at).total_seconds() for a in attempts if a.finished_at)
    return 100 * spent / 1e6 / took if spent and took > 0 else None
