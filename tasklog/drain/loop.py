"""The drainer's process: reads, stores, sleeps; looks after the dead; survives its database."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connection, transaction

from tasklog.conf import BATCH_LINES
from tasklog.drain import closing, news, offsets, reaper
from tasklog.drain.deadline import Deadline
from tasklog.drain.housekeeping import Housekeeping
from tasklog.drain.status import Status
from tasklog.drain.store import store
from tasklog.spool import reader
from tasklog.spool.bell import Bell
from tasklog.spool.reader import Spool

logger = logging.getLogger(__name__)

# Between two looks at the spool: while lines flow, and when it is calm (seconds).  A transaction
# costs the same for one record as for fifty, so a trickle is gathered a little, and a stream of
# more than MANY records a look a little more.
BUSY, GATHERING, CALM = 0.02, 0.05, 0.1
MANY = 100
# What breaks the calm is read so soon, and what follows it sooner than in a stream (seconds): a
# task that does nothing has begun and ended by then.
WAKING, FIRST = 0.002, 0.005
# Between two tries while the database is away (seconds).
FIRST_RETRY, LAST_RETRY = 0.1, 5.0
# Dead processes and verdicts are looked after this often, silent workers that often (seconds).
CARE_SECONDS, REAP_SECONDS = 0.5, 5.0
# What other rooms do regularly is due this often (seconds).
TICK_SECONDS = 15.0
# Nobody is called silent before the drainers have worked this long since start or fault: the
# heartbeats of a fault's time have to be stored first (seconds).
HEALTHY_SECONDS = 20.0
# A started drainer leaves when no process has lived here for this long (seconds).
LEAVE_SECONDS = 30.0


class Drain:
    """One drainer of one spool folder."""

    def __init__(self, folder: Path, *, leaves: bool = False) -> None:
        self.spool = Spool(folder)
        self.status = Status()
        self.housekeeping = Housekeeping()
        self.leaves = leaves
        self.stopping = False
        self._bell = Bell(folder)
        self._deadline = Deadline()
        self._dead_since: dict[str, float] = {}
        self._verdicts = True  # there may be some of an earlier drainer
        self._stored = 0
        self._healthy_since = self._lived = time.monotonic()
        self._cared = self._reaped = 0.0
        # Not in the first seconds: starting is busy enough.
        self._ticked = time.monotonic() - TICK_SECONDS + 5

    def run(self) -> None:
        """Drains until told to stop; then drains what is there."""
        pause, retry, moved = BUSY, FIRST_RETRY, True
        while not self.stopping and not self._deserted():
            try:
                if not moved:
                    self._bell.arm()
                moved = self.step()
                pause = self._pause(pause) if moved else self._calm(pause)
                retry = FIRST_RETRY
            except offsets.Moved:
                self.spool.forget_offsets()
            except (DatabaseError, InterfaceError) as error:
                self._lose(error)
                pause, retry = retry, min(retry * 2, LAST_RETRY)
                moved = True  # nothing that is written brings the database back
            pause = self._sleep(pause, calm=not moved)
        self._bell.close()
        self.finish()

    def _pause(self, last: float) -> float:
        """None at all while there is more to read than one batch takes."""
        if self.spool.waiting_bytes:
            return 0.0
        if self._stored > MANY:
            return GATHERING
        return FIRST if last == WAKING else min(max(last, FIRST) * 2, BUSY)

    def _calm(self, last: float) -> float:
        """Longer each time where nobody rings."""
        return CALM if self._bell.armed else min(max(last, BUSY) * 1.3, CALM)

    def finish(self, seconds: float = 1.5) -> None:
        """Stores what is there now, as far as it goes in this time."""
        ends = time.monotonic() + seconds
        try:
            while time.monotonic() < ends and self.drain():
                pass
            self.status.write(self.spool, force=True)
        except (DatabaseError, InterfaceError, offsets.Moved) as error:
            self._lose(error)

    def once(self) -> None:
        """Stores everything there is, closes what its dead left open.  Raises when it cannot."""
        while self.drain():
            pass
        # Who is dead is known a moment after a file was first seen.
        time.sleep(reader.SETTLE_SECONDS)
        while self.drain() or self.care():
            pass
        self.status.write(self.spool, force=True)

    def step(self) -> bool:
        """One round; True when there was something to store."""
        moved = self.drain()
        if not moved:
            with self._deadline.guard():
                moved = self.housekeeping.step()
        now = time.monotonic()
        if now >= self._cared + CARE_SECONDS:
            self._cared = now
            self.care()
            self._reap(now)
            with self._deadline.guard():
                self.status.write(self.spool)
            self._tick(now)
        return moved

    def drain(self) -> bool:
        """Stores one batch; True when there was one."""
        self.spool.scan()
        with self._deadline.guard():
            if unplaced := self.spool.unplaced():
                with transaction.atomic():
                    self.spool.place(offsets.read(unplaced))
            chunks = self.spool.chunks(BATCH_LINES)
            if not chunks:
                return False
            stored = store(chunks, self.spool.settle)
        self._stored = stored.records
        self._verdicts = self._verdicts or stored.verdicts
        self.status.count(stored)
        self.status.error = ""
        return True

    def care(self) -> bool:
        """Closes what the dead left open, deletes what is stored; True when it closed any."""
        alive = self.spool.alive()
        now = time.monotonic()
        if alive:
            self._lived = now
        closed = False
        with self._deadline.guard():
            if self._verdicts:
                self._verdicts = closing.close_verdicts() > 0
            self._delete(self.spool.rotated())
            for stem in self.spool.ended():
                since = self._dead_since.setdefault(stem, now)
                # With nobody left alive, nobody can give a verdict any more.
                vanished = not alive or now > since + closing.NOTICE_SECONDS
                if closing.close_process(stem, vanished=vanished) == 0 and vanished:
                    self._delete(self.spool.names(stem))
                    del self._dead_since[stem]
                    closed = True
        return closed

    def _delete(self, names: list[str]) -> None:
        """First the file, then its row: a row without a file is harmless."""
        if names:
            self.spool.remove(names)
            offsets.forget([name for name in names if name not in self.spool.tails])

    def _reap(self, now: float) -> None:
        if now < self._reaped + REAP_SECONDS or now < self._healthy_since + HEALTHY_SECONDS:
            return
        self._reaped = now
        with self._deadline.guard():
            reaper.reap()

    def _tick(self, now: float) -> None:
        if now >= self._ticked + TICK_SECONDS:
            self._ticked = now
            # What the other rooms ask the database in it, too.
            with self._deadline.guard():
                news.tick()

    def _lose(self, error: Exception) -> None:
        """The database is away: a new connection next time, and the offsets from there."""
        text = f"{type(error).__name__}: {error}".strip()
        if text != self.status.error:
            logger.warning("The database is away, trying again: %s", text)
        self.status.error = text
        self._healthy_since = time.monotonic()
        self.spool.forget_offsets()
        connection.close()

    def _deserted(self) -> bool:
        quiet = time.monotonic() > self._lived + LEAVE_SECONDS
        return self.leaves and quiet and not self.spool.waiting_bytes

    def _sleep(self, seconds: float, *, calm: bool) -> float:
        """Sleeps in pieces that a signal ends; returns the pause it was."""
        ends = time.monotonic() + seconds
        while not self.stopping and (left := ends - time.monotonic()) > 0:
            if not calm:
                time.sleep(min(left, CALM))
            elif self._bell.wait(min(left, CALM)):
                time.sleep(WAKING)
                return WAKING
        return seconds
