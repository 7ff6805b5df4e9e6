"""Appends records to this process's own spool file.  WORKER, and every process that publishes.

One `os.write` a record.  What cannot be written is dropped and counted, never raised: a full disk
costs lines, not tasks.  Starts and ends of attempts are kept in memory until there is room again.

The lock on the file says that this process lives: a new file is locked before the old one is let
go, and a file that cannot be written to stays locked all the same.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from tasklog.conf import conf

ROTATE_BYTES = 16 << 20
# The file and the folder are looked at again after so many bytes, a broken spool after so long (s).
CHECK_BYTES = 1 << 20
RETRY_SECONDS = 1.0
# Starts and ends that wait for a broken spool to come back.
MAX_OWED = 1_000

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class Appender:
    """The file of one process.  `room` bytes may be written before somebody has to look again.

    The hot path (`Attempt.emit`) writes to `fd` itself while it holds `lock` and has `room`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.fd = -1
        self.room = 0
        self.stem = f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.full = False
        self.failing = False
        self.lost = 0
        self._owed: deque[bytes] = deque(maxlen=MAX_OWED)
        self._turn = self._newest = -1
        self._inode = 0
        self._torn = False
        self._granted = 0
        self._size = 0
        self._retry_at = 0.0
        self._looked_at = 0.0

    @property
    def size(self) -> int:
        """Bytes in the current file, as far as this process knows."""
        return self._size + self._granted - self.room

    @property
    def path(self) -> Path:
        return conf().spool_dir / f"{self.stem}.{self._turn}.spool"

    def append(self, record: bytes, *, line: bool = False) -> bool:
        """Writes the record; False when it was dropped (a line) or has to wait (all others)."""
        with self.lock:
            try:
                size = len(record)
                if self.room >= size and not (self.full or self.failing or self._owed):
                    if os.write(self.fd, record) == size:
                        self.room -= size
                        return True
                    self._fail()
                elif self._make_room(size) and not (line and self.full):
                    self._pay()
                    self._write(record)
                    return True
            except (OSError, ValueError):
                self._fail()
            if line:
                self.lost += 1
            else:
                self._owed.append(record)
            return False

    def verify(self) -> None:
        """Notices a deleted file or a descriptor somebody closed; call now and then."""
        with self.lock:
            try:
                status = os.fstat(self.fd) if self.fd >= 0 else None
            except OSError:
                self._forget()
                status = None
            if status and status.st_ino != self._inode:
                self._forget()
            elif status and status.st_nlink == 0:
                self._close()

    def turn_over(self, limit: int) -> bool:
        """Starts a new file past `limit` bytes; False while the one before is still unread."""
        with self.lock:
            if self.fd < 0 or self.size < limit:
                return True
            before = conf().spool_dir / f"{self.stem}.{self._turn - 1}.spool"
            if before.exists():
                return False
            with suppress(OSError):
                self._open()
            return True

    def close(self) -> None:
        """Gives the file and its lock up.  The next record opens another."""
        with self.lock:
            self._close()

    def prepare(self, size: int) -> bool:
        """Makes room before a line is numbered: a time limit in that long call must not find one
        of which nobody can say whether it was written.

        False in a spool with trouble, where `append` does what is needed.
        """
        if self.full or self.failing or self._owed:
            return False
        with suppress(OSError):
            self._make_room(size)
            if self.full:
                self._grant(0)
        return self.room >= size

    def failed(self) -> None:
        """A write of the hot path went wrong."""
        self._fail()

    def _make_room(self, size: int) -> bool:
        if self.room >= size and not self.full:
            return True
        now = time.monotonic()
        if now < self._retry_at:
            return False
        if self.fd < 0:
            self._open()
        elif self._has_enough():
            self._replace()
        self._look_at_folder(now)
        self._grant(max(CHECK_BYTES, size))
        return True

    def _has_enough(self) -> bool:
        """On a full disk or in a full folder the drainer makes room by deleting what it stored."""
        if self.failing:
            return self.size > 0
        return self.size >= (CHECK_BYTES if self.full else ROTATE_BYTES)

    def _replace(self) -> None:
        """Goes on in a new file; where none can be made, in the one at hand."""
        try:
            self._open()
        except OSError:
            if self._torn:
                raise

    def _grant(self, more: int) -> None:
        self._size, self._granted = self.size, more
        self.room = more

    def _look_at_folder(self, now: float) -> None:
        if self.full and now < self._looked_at + RETRY_SECONDS:
            return
        self._looked_at = now
        self.full = _folder_bytes(conf().spool_dir) >= conf().spool_max_bytes

    def _open(self) -> None:
        folder = conf().spool_dir
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._newest += 1
        path = folder / f"{self.stem}.{self._newest}.spool"
        fd = os.open(path, _FLAGS, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            inode = os.fstat(fd).st_ino
        except BaseException:
            os.close(fd)
            raise
        self._close()
        self.fd, self._inode, self._turn = fd, inode, self._newest

    def _pay(self) -> None:
        while self._owed:
            self._write(self._owed[0])
            self._owed.popleft()

    def _write(self, record: bytes) -> None:
        if os.write(self.fd, record) != len(record):
            raise OSError("short write")
        self.room -= len(record)
        self.failing = False

    def _fail(self) -> None:
        """Keeps the file and its lock: a process without one counts as dead."""
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self.verify()
        if self.fd < 0:
            return
        self.failing = True
        self._size, self._granted, self.room = self.size, 0, 0
        try:
            # Half a record is taken back: a torn line would be shown and counted as dropped.
            os.ftruncate(self.fd, self._size)
        except OSError:
            self._torn = True

    def _forget(self) -> None:
        """The descriptor's number is somebody else's by now: not ours to close."""
        self.fd, self.room = -1, 0
        self._size = self._granted = 0
        self._torn = False

    def _close(self) -> None:
        fd = self.fd
        self._forget()
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)


_mine: Appender | None = None
_making = threading.Lock()


def appender() -> Appender:
    """This process's appender; its file is opened by the first record."""
    global _mine  # noqa: PLW0603
    mine = _mine
    if mine is None:
        with _making:
            mine = _mine = _mine or Appender()
    return mine


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", socket.gethostname())[:64] or "host"


def _folder_bytes(folder: Path) -> int:
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.name.endswith(".spool"):
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def _after_fork() -> None:
    """The inherited descriptor shares its lock with the parent: only closing it lets go."""
    global _mine, _making
    inherited, _mine, _making = _mine, None, threading.Lock()
    if inherited is not None and inherited.fd >= 0:
        with suppress(OSError):
            os.close(inherited.fd)
        inherited.fd = -1


os.register_at_fork(after_in_child=_after_fork)
