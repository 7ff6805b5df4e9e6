"""The folder of the backups: one writer at a time, whole files only, the newest N.  WORKER.

A file has its last name only when it is complete on the disk.  What a killed run left is removed
by the next one, which holds the lock and so knows that nobody is writing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasklog.maintenance.backup.manifest import path_of

PARTIAL = ".partial-"
LOCK = ".lock"
NAME = "tasklog-"
SUFFIXES = {"sqlite": ".sqlite3", "postgresql": ".dump"}


class Busy(Exception):
    """Another process is making a backup in this folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes the folder, for its owner alone, and holds it.  Raises `Busy`.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"Another backup is being written in {folder}.") from error
        tidy(folder)
        yield


def tidy(folder: Path) -> None:
    """Removes what is not whole; only under the lock."""
    for path in folder.glob(f"{PARTIAL}*"):
        path.unlink(missing_ok=True)
    for path in files(folder):
        if not path_of(path).exists():
            path.unlink(missing_ok=True)


def files(folder: Path) -> list[Path]:
    """The backups' files, oldest first: their names are their times."""
    found = (path for suffix in SUFFIXES.values() for path in folder.glob(f"{NAME}*{suffix}"))
    return sorted(found, key=lambda path: path.name)


def publish(partial: Path, partial_manifest: Path, file: Path) -> None:
    """Gives both their last names, the manifest last: with it the backup exists."""
    for path in (partial, partial_manifest):
        _sync(path)
    partial.replace(file)
    partial_manifest.replace(path_of(file))
    _sync(file.parent)


def keep(folder: Path, count: int) -> list[str]:
    """Deletes all but the newest `count`; their names.  The manifest goes first: see `tidy`."""
    old = files(folder)[:-count]
    for path in old:
        path_of(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return [path.name for path in old]


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
