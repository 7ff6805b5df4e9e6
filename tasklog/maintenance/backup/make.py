"""Makes a backup of the default database.  WORKER, or a command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from django.db import connection
from django.utils import timezone

from tasklog.conf import conf
from tasklog.maintenance.backup import folder, manifest, postgres, sqlite

Tell = Callable[[str], None]


class NoBackup(Exception):
    """None was made; the sentence says why and what helps.  Older ones are as they were."""


def make(tell: Tell, where: Path | None = None) -> Path:
    """Copies, reads the copy back, names it, removes the oldest.  Raises `NoBackup` and `Busy`."""
    place = where or (Path(conf().backup_dir) if conf().backup_dir else None)
    if place is None:
        raise NoBackup("There is no place for it: set CELERY_TASKLOG_BACKUP_DIR.")
    if connection.vendor not in folder.SUFFIXES:
        raise NoBackup(f"{connection.display_name} is not copied here: use its own tools.")
    try:
        with folder.locked(place):
            file = _write(place, tell)
            for name in folder.keep(place, conf().backup_keep):
                tell(f"removed {name}: the newest {conf().backup_keep} are kept")
    except (OSError, sqlite.Failed, postgres.Failed) as error:
        raise NoBackup(f"Nothing was kept: {error}") from error
    return file


def _write(place: Path, tell: Tell) -> Path:
    at = timezone.now().astimezone(UTC)
    name = f"{folder.NAME}{at:%Y%m%d-%H%M%S-%f}{folder.SUFFIXES[connection.vendor]}"
    partial = place / f"{folder.PARTIAL}{name}"
    beside = manifest.path_of(partial)
    try:
        partial.touch(mode=0o600)
        rows = (sqlite if connection.vendor == "sqlite" else postgres).copy(connection, partial)
        tell(f"copied {len(rows)} tables with {sum(rows.values()):,} rows, and read them back")
        told = manifest.describe(partial, connection, at.isoformat(timespec="seconds"), rows)
        manifest.write(beside, told)
        folder.publish(partial, beside, place / name)
    finally:
        for left in (partial, beside):
            left.unlink(missing_ok=True)
    tell(f"{name}: {told.size:,} bytes, SHA-256 {told.sha256}")
    return place / name
