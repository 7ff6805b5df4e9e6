"""What stands beside a backup: its checksum, its rows, and which code it belongs to.  BOTH."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tasklog import __version__

FORMAT = "tasklog backup 1"
SUFFIX = ".json"
MIB = 1024 * 1024


class Refused(Exception):
    """The file cannot be restored here; nothing was changed.  Says why and what helps."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Beside FILE as FILE.json.  `sha256` and `size` are those of FILE."""

    format: str
    version: str
    vendor: str  # "sqlite" or "postgresql"
    made_at: str
    size: int
    sha256: str
    migrations: list[str]  # "app.name" of those that were applied
    rows: dict[str, int]  # by table


def path_of(file: Path) -> Path:
    return file.with_name(file.name + SUFFIX)


def write(file: Path, manifest: Manifest) -> None:
    file.write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n")


def describe(
    file: Path, connection: BaseDatabaseWrapper, made_at: str, rows: dict[str, int]
) -> Manifest:
    """The manifest of a file that was just written, by what is on the disk."""
    applied = MigrationRecorder(connection).applied_migrations()
    migrations = sorted(f"{app}.{name}" for app, name in applied)
    return Manifest(
        FORMAT, __version__, connection.vendor, made_at, file.stat().st_size, checksum(file),
        migrations, rows,
    )  # fmt: skip


def read(file: Path) -> Manifest:
    """The manifest of this backup.  Raises `Refused` for a file that is none, or not ours."""
    if not file.is_file():
        raise Refused(f"There is no file {file}.")
    beside = path_of(file)
    if not beside.is_file():
        raise Refused(f"{beside.name} is missing beside it: without it nobody knows what it holds.")
    try:
        told: Any = json.loads(beside.read_text())
        manifest = Manifest(**told)
    except (ValueError, TypeError) as error:
        raise Refused(f"{beside.name} is no manifest of a TaskLog backup.") from error
    if manifest.format != FORMAT:
        raise Refused(f"It is a {manifest.format!r}; this version reads {FORMAT!r}.")
    return manifest


def check(file: Path, manifest: Manifest, connection: BaseDatabaseWrapper) -> None:
    """Raises `Refused` unless the file is whole and belongs to this code and kind of database."""
    if manifest.vendor != connection.vendor:
        raise Refused(f"It was made from {manifest.vendor}; this database is {connection.vendor}.")
    if file.stat().st_size != manifest.size or checksum(file) != manifest.sha256:
        raise Refused("It is damaged: its checksum is not the one it had when it was made.")
    _same_version(manifest)


def checksum(file: Path) -> str:
    """SHA-256 of the file as it lies on the disk."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while part := opened.read(MIB):
            digest.update(part)
    return digest.hexdigest()


def _same_version(manifest: Manifest) -> None:
    """Other migrations are other tables: neither fits the other's code."""
    loader = MigrationLoader(None)
    known = {f"{app}.{name}" for app, name in loader.graph.nodes}
    here = {app for app, _ in loader.graph.nodes}
    applied = {name for name in manifest.migrations if name.partition(".")[0] in here}
    if differing := sorted(known ^ applied):
        named = ", ".join(differing[:5]) + (" …" if len(differing) > 5 else "")
        raise Refused(
            f"It was made by another version ({manifest.version}): its migrations differ in "
            f"{named}. Restore it with the version that made it, then upgrade."
        )
