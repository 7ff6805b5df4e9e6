"""Tells a reader that somebody has written to the spool folder, at no cost for who writes.  HOST.

Linux's inotify, for one event at a time: a folder that is read often is not watched at all, and a
flood of lines rings once.  Without it, or with a folder of another machine, the reader looks again
after its time.
"""

from __future__ import annotations

import ctypes
import os
import select
import time
from pathlib import Path

# <sys/inotify.h>: see inotify(7).
_MODIFY, _CREATE, _MOVED_TO, _ONESHOT = 0x2, 0x100, 0x80, 0x80000000
_WHAT = _MODIFY | _CREATE | _MOVED_TO | _ONESHOT


class Bell:
    """Rings once after each `arm`.  Opens one descriptor."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fsencode(folder)
        self.armed = False
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):  # another system than Linux
            self._fd = -1

    def arm(self) -> None:
        """From now on a write rings.  Look at the folder after it: what came before rings not."""
        if self._fd >= 0 and not self.armed:
            self.armed = self._libc.inotify_add_watch(self._fd, self._folder, _WHAT) >= 0

    def wait(self, seconds: float) -> bool:
        """Waits until it rings, at most so long; True when it has rung."""
        if not self.armed:
            time.sleep(seconds)
            return False
        waiting = select.poll()
        waiting.register(self._fd, select.POLLIN)
        if not waiting.poll(seconds * 1000):
            return False
        os.read(self._fd, 65536)
        self.armed = False
        return True

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
