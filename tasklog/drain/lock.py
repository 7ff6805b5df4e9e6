"""One drainer per spool folder: whoever holds `drainer.lock`; the file names him."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

NAME = "drainer.lock"
# A worker's question (`is_free`) holds the lock for an instant: that is no second drainer.
TRIES = 5


def acquire(folder: Path) -> int | None:
    """The held lock's descriptor, or None while another process holds it.

    The lock goes with its process, however that dies.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor
        time.sleep(0.02)
    os.close(descriptor)
    return None


def is_free(folder: Path) -> bool:
    """True while nobody drains this folder."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def holder(folder: Path) -> str:
    """The pid of the drainer at work, as far as its file tells."""
    try:
        return (folder / NAME).read_text() or "unknown"
    except OSError:
        return "unknown"
