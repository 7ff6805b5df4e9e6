"""A few searches at once in one process: each may keep a core of the database busy.  WEB."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 4
WAIT_SECONDS = 1.0
# What who comes too late may be told (seconds).
RETRY_AFTER = 2
_free = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[bool]:
    """A place among the searches that may run now; False where none became free in time."""
    ours = _free.acquire(timeout=WAIT_SECONDS)
    try:
        yield ours
    finally:
        if ours:
            _free.release()
