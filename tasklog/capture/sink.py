"""Where an attempt's records go when there is no spool: straight into the database.  WORKER.

For `CELERY_TASKLOG_DRAINER = "inline"` and `capture_output`: rows of the caller's own connection
and transaction.  A database that refuses costs the records, counted, never the task.
"""

from __future__ import annotations

from _thread import get_ident
from threading import RLock
from typing import Protocol

from celery.exceptions import SoftTimeLimitExceeded

from tasklog.capture import guard
from tasklog.capture.context import CURRENT

# Records gather so long; a test's task of a few lines is one transaction.
BATCH = 100


class Sink(Protocol):
    """What an attempt writes to: the process's `Appender`, or an `InlineSink`."""

    lock: RLock
    fd: int
    room: int
    stem: str

    def prepare(self, size: int) -> bool: ...
    def append(self, record: bytes, *, line: bool = False) -> bool: ...
    def failed(self) -> None: ...


class InlineSink:
    """Gathers records; only the thread that made it stores them: they need its connection.

    `stores=False` forgets them: a fork must not touch the connection it inherited.
    """

    fd = -1
    room = 0
    stem = ""

    def __init__(self, *, stores: bool = True) -> None:
        self.lock = RLock()
        self._owner = get_ident() if stores else None
        self._records: list[bytes] = []

    def append(self, record: bytes, *, line: bool = False) -> bool:
        if self._owner is None:
            return not line
        with self.lock:
            self._records.append(record)
        if len(self._records) >= BATCH:
            self.store()
        return True

    def prepare(self, size: int) -> bool:
        """There is no file to write to: records come through `append`."""
        return False

    def failed(self) -> None:
        """Nothing to close."""

    def store(self) -> None:
        """Stores what has gathered."""
        if get_ident() != self._owner or not self._records:
            return
        with self.lock:
            records, self._records = self._records, []
        outer = CURRENT.get()
        try:
            CURRENT.set(None)  # the database's own log is not the task's
            _store(records)
        finally:
            CURRENT.set(outer)


def _store(records: list[bytes]) -> None:
    from tasklog.drain.inline import store_records

    try:
        store_records(records)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        guard.note(error)
