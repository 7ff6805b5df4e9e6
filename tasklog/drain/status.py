"""What the drainer says about itself: one row per host, renewed every few seconds."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from tasklog.drain.store import HOST, Stored
from tasklog.models import Drainer
from tasklog.querysets import database_now
from tasklog.spool.reader import Spool

# The row is renewed this often (seconds).
EVERY_SECONDS = 2.0
# Lines carry their host's time: one that differs more from the others' is told (seconds).
SKEW_SECONDS = 2.0
# How that trouble begins; it keeps nothing from being stored.
CLOCK = "The clock of this host is"


class Status:
    """Counts what was stored and writes the drainer's row."""

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC)
        self.lines = 0
        self.damaged = 0
        self.lag_ms = 0.0
        self.error = ""
        self._since, self._before = time.monotonic(), 0
        self._due = 0.0

    def count(self, stored: Stored) -> None:
        self.lines += stored.lines
        self.damaged += stored.damaged
        self.lag_ms = stored.lag_ms

    def write(self, spool: Spool, *, force: bool = False) -> None:
        """Renews the row when it is time."""
        now = time.monotonic()
        if now < self._due and not force:
            return
        self._due = now + EVERY_SECONDS
        rate = (self.lines - self._before) / max(now - self._since, 0.001)
        self._since, self._before = now, self.lines
        seen_at, skew = _seen()
        Drainer.objects.update_or_create(
            host=HOST,
            defaults={
                "pid": os.getpid(),
                "started_at": self.started_at,
                "seen_at": seen_at,
                "lag_ms": self.lag_ms,
                "waiting_bytes": spool.waiting_bytes,
                "spool_bytes": spool.total_bytes,
                "lines_per_second": round(rate, 1),
                "lines_stored": self.lines,
                "damaged": self.damaged,
                "error": self.error or spool.trouble() or skew,
            },
        )


def _seen() -> tuple[datetime, str]:
    """The database's time, and in words how far ours is from it if that is far.

    Our clock is asked before and after: a database that takes its time is no wrong clock.
    """
    before = datetime.now(UTC)
    theirs = database_now()
    ahead, behind = (before - theirs).total_seconds(), (theirs - datetime.now(UTC)).total_seconds()
    if max(ahead, behind) <= SKEW_SECONDS:
        return theirs, ""
    side = "ahead of" if ahead > 0 else "behind"
    return theirs, f"{CLOCK} {max(ahead, behind):,.1f} s {side} the database's."
