"""PostgreSQL: `pg_dump` there, `pg_restore` back.  WORKER.

The rows are counted in the very snapshot that is dumped, so the two agree while others write.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from tasklog.maintenance.backup.manifest import Refused

# libpq's names for what may stand in the connection's OPTIONS.
_OPTIONS = {
    "sslmode": "PGSSLMODE", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT", "service": "PGSERVICE", "passfile": "PGPASSFILE",
}  # fmt: skip
_OURS = ("--no-owner", "--no-privileges")
# A migration at work holds tables: rather no backup than tasks that queue up behind this one.
_PATIENCE = "--lock-wait-timeout=10s"


class Failed(Exception):
    """The program is missing, or said no."""


def copy(connection: BaseDatabaseWrapper, target: Path) -> dict[str, int]:
    """Dumps the database into `target` and reads it to its end; returns the rows by table."""
    try:
        with _snapshot(connection) as (cursor, name):
            _run(
                connection, "pg_dump", "--format=custom", *_OURS, _PATIENCE,
                f"--snapshot={name}", f"--file={target}",
            )  # fmt: skip
            rows = _rows(connection, cursor)
    except DatabaseError as error:
        raise Failed(str(error).splitlines()[0]) from error
    # Decompresses every row, as restoring does.
    _run(connection, "pg_restore", f"--file={os.devnull}", str(target))
    return rows


def restore(connection: BaseDatabaseWrapper, file: Path) -> dict[str, int]:
    """Restores the dump in one transaction into this empty database; returns its rows by table.

    Raises `Refused`, and then nothing was changed.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if tables:
        raise Refused(
            f"The database {connection.settings_dict['NAME']} is not empty. "
            "Restore into a new one (createdb)."
        )
    connection.close()
    try:
        # The database is named, or pg_restore would print the SQL instead of running it.
        _run(
            connection, "pg_restore", "--single-transaction", "--exit-on-error", *_OURS,
            f"--dbname=dbname='{_escaped(connection.settings_dict['NAME'])}'", str(file),
        )  # fmt: skip
    except Failed as error:
        raise Refused(f"It could not be restored: {error}") from error
    with connection.cursor() as cursor:
        return _rows(connection, cursor)


@contextmanager
def _snapshot(connection: BaseDatabaseWrapper) -> Iterator[tuple[Any, str]]:
    """A connection of its own, frozen at one moment, and the name others join that moment by."""
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            yield cursor, cursor.fetchone()[0]
            cursor.execute("ROLLBACK")
    finally:
        own.close()


def _rows(connection: BaseDatabaseWrapper, cursor: Any) -> dict[str, int]:
    rows = {}
    for table in sorted(connection.introspection.table_names(cursor)):
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
        rows[table] = int(cursor.fetchone()[0])
    return rows


def _run(connection: BaseDatabaseWrapper, program: str, *words: str) -> None:
    """Runs it.  Address and password stand in its environment, which others cannot see."""
    env = {**os.environ, **_address(connection.settings_dict)}
    try:
        ended = subprocess.run(
            [program, *words], env=env, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise Failed(f"{program} is missing: PostgreSQL's client programs have it.") from error
    if ended.returncode:
        told = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise Failed(f"{told[0]} (see {program})" if program not in told[0] else told[0])


def _address(settings: dict[str, Any]) -> dict[str, str]:
    given = {
        "PGHOST": settings["HOST"], "PGPORT": settings["PORT"], "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"], "PGDATABASE": settings["NAME"],
    }  # fmt: skip
    options = settings.get("OPTIONS", {})
    given |= {name: options[key] for key, name in _OPTIONS.items() if key in options}
    return {name: str(value) for name, value in given.items() if value}


def _escaped(text: str) -> str:
    return str(text).replace("\\", "\\\\").replace("'", "\\'")
