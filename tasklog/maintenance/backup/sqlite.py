"""SQLite: its online backup there, the copied file back.  WORKER."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from django.db.backends.base.base import BaseDatabaseWrapper

from tasklog.maintenance.backup.manifest import Refused

# Where the journal is not WAL a reader stops writers: then a few pages at a time (with a pause in
# seconds), beginning anew whenever somebody wrote.
PAGES, PAUSE = 500, 0.01


class Failed(Exception):
    """The copy could not be made, or is not what it should be."""


def copy(connection: BaseDatabaseWrapper, target: Path) -> dict[str, int]:
    """Copies the database into `target` and checks it; returns the rows by table.

    Under WAL the whole copy is one read: writers never wait for it, and it never begins anew.
    """
    try:
        with closing(_open(_file_of(connection))) as source, closing(sqlite3.connect(target)) as to:
            mode = source.execute("PRAGMA journal_mode").fetchone()[0]
            source.backup(to, pages=-1 if mode == "wal" else PAGES, sleep=PAUSE)
            # One file, not three: whoever copies it must not forget the others.
            to.execute("PRAGMA journal_mode = DELETE")
        return rows_of(target)
    except sqlite3.Error as error:
        raise Failed(str(error)) from error


def rows_of(file: Path) -> dict[str, int]:
    """The rows by table of a file that passes SQLite's own check.  Raises `Failed`."""
    with closing(_open(file)) as read:
        told = read.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if told != "ok":
            raise Failed(f"read back, the copy is damaged: {told}")
        tables = read.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%'"
            " ESCAPE '!' ORDER BY name"
        ).fetchall()
        return {name: _count(read, name) for (name,) in tables}


def _count(read: sqlite3.Connection, table: str) -> int:
    quoted = '"' + table.replace('"', '""') + '"'
    return int(read.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0])  # noqa: S608


def restore(connection: BaseDatabaseWrapper, file: Path) -> dict[str, int]:
    """Puts the file in the database's place, which must be empty; returns its rows by table.

    The last step is one rename: before it nothing has changed, after it everything is there.
    """
    target = _file_of(connection)
    connection.close()
    _must_be_empty(target)
    partial = target.with_name(f".restoring-{target.name}")
    try:
        _duplicate(file, partial)
        rows = rows_of(partial)
        partial.replace(target)
    except (OSError, sqlite3.Error, Failed) as error:
        raise Refused(f"It could not be read: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _duplicate(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.touch(mode=0o600)
    with file.open("rb") as read, to.open("wb") as write:
        while part := read.read(1 << 20):
            write.write(part)
        write.flush()
        os.fsync(write.fileno())


def _must_be_empty(target: Path) -> None:
    try:
        if target.exists() and rows_of(target):
            raise Refused(f"{target} is not empty. Restore into a new database.")
    except (sqlite3.Error, Failed) as error:
        raise Refused(f"{target} is no empty database: {error}") from error
    for suffix in ("-wal", "-journal"):
        beside = target.with_name(target.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise Refused(f"{beside} belongs to another database. Move it away first.")


def _file_of(connection: BaseDatabaseWrapper) -> Path:
    name = str(connection.settings_dict["NAME"])
    if ":memory:" in name or "mode=memory" in name:
        raise Failed("the database is in memory")
    return Path(name.removeprefix("file:").partition("?")[0])


def _open(file: Path) -> sqlite3.Connection:
    """For reading alone: a copy must change nothing, not even a journal's mode."""
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=20)
