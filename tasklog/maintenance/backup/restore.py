"""From a backup to a database.  A command's; nothing is changed unless everything fits."""

from __future__ import annotations

from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from tasklog.maintenance.backup import manifest, postgres, sqlite
from tasklog.maintenance.backup.manifest import Manifest, Refused


def restore(file: Path, connection: BaseDatabaseWrapper) -> Manifest:
    """Restores `file` into this empty database; returns what it holds.

    Raises `Refused` for a file that is damaged, foreign or of another version, and for a database
    that is not empty.
    """
    told = manifest.read(file)
    manifest.check(file, told, connection)
    rows = (sqlite if connection.vendor == "sqlite" else postgres).restore(connection, file)
    if differing := sorted(name for name in told.rows if rows.get(name) != told.rows[name]):
        raise Refused(f"Restored, but these tables have other rows than before: {differing}.")
    return told
