"""The opt-in trigram index over messages on PostgreSQL: rare text in milliseconds.  WEB, HOST.

It costs storing about four times as much and grows as large as the lines themselves, so a site
asks for it: `manage.py tasklog_index --create`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections

from tasklog.models import TaskLogLine

NAME = "tasklog_line_message_trgm"
# Upper: Django writes `icontains` as UPPER(message) LIKE UPPER(…).
CREATE = (
    "CREATE INDEX CONCURRENTLY {name} ON {table} USING gin (upper(message) gin_trgm_ops)"
    " WITH (fastupdate = on)"
)
_FIND = (
    "SELECT i.indisvalid, pg_relation_size(c.oid) FROM pg_class c"
    " JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass(%s)"
)


class NotOffered(RuntimeError):
    """This database cannot have the index; the message says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """`valid` is False while it is being built, and after a build that failed."""

    exists: bool = False
    valid: bool = False
    size_bytes: int = 0


def status() -> Status:
    """How the index stands.  Raises `NotOffered`."""
    connection = _postgresql()
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [NAME])
        row = cursor.fetchone()
    return Status(True, row[0], row[1]) if row else Status()


def usable() -> bool:
    """Whether searches may count on it."""
    return _connection().vendor == "postgresql" and status().valid


def create() -> None:
    """Builds the index beside running writers.  Raises `NotOffered`, and database errors."""
    connection = _postgresql()
    table = connection.ops.quote_name(TaskLogLine._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        if not status().valid:
            # A build that was stopped leaves an invalid index behind, which only costs.
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
            cursor.execute(CREATE.format(name=NAME, table=table))


def drop() -> None:
    """Removes the index; without one nothing happens.  Raises `NotOffered`."""
    with _postgresql().cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")


def _postgresql() -> Any:
    connection = _connection()
    if connection.vendor != "postgresql":
        raise NotOffered(
            f"The trigram index is for PostgreSQL; this project runs on {connection.display_name}. "
            "SQLite's own (FTS5) makes storing a line 24 times as expensive, while a search "
            "without it looks through some millions of lines a second: not worth it."
        )
    return connection


def _connection() -> Any:
    return connections[TaskLogLine.objects.db]
