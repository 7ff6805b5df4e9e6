"""The system report: what runs here, how big it is, how it is set.  Text for people.  WORKER."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.db import connection

from tasklog.conf import Conf, conf
from tasklog.health import run_probes
from tasklog.maintenance.optimise import our_tables


def report() -> Iterator[str]:
    """Its lines.  Each part is asked for by itself, so that one that fails hides no other."""
    yield "── State"
    for probe in run_probes():
        word = {True: "ok", None: "look", False: "FAILS"}[probe.ok]
        yield f"{probe.title:16} {word:6} {probe.value}"
    yield "── Database"
    yield f"{connection.display_name}, {_mebibytes(_database_bytes())}"
    for table, rows in _rows():
        yield f"{table:32} {rows:>14,} rows, about"
    yield "── Rooms"
    yield ", ".join(sorted(app.name for app in apps.get_app_configs() if "tasklog" in app.name))
    yield "── Settings"
    yield from _settings()


def _settings() -> Iterator[str]:
    found = conf()
    for item in fields(Conf):
        value = getattr(found, item.name)
        if item.name.endswith("url") and value:
            parts = urlsplit(value)
            value = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        if item.name == "mask":
            value = f"{len(value)} patterns"
        yield f"{item.name:24} {value}"
    yield f"{'time zone':24} {settings.TIME_ZONE}"


def _database_bytes() -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = Path(str(connection.settings_dict["NAME"]))
    files = (name, name.with_name(f"{name.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _rows() -> Iterator[tuple[str, int]]:
    """About how many rows each table has: counting a million of them is not worth a report."""
    with connection.cursor() as cursor:
        for table in our_tables():
            quoted = connection.ops.quote_name(table)
            if connection.vendor == "postgresql":
                cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [quoted])
            else:
                cursor.execute(f"SELECT MAX(rowid) FROM {quoted}")  # noqa: S608 - our own name
            yield table, max(0, int(cursor.fetchone()[0] or 0))


def _mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.1f} MiB"
