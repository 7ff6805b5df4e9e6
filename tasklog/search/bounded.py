"""A limit on the time of the statements inside, kept by the database itself.  WEB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, OperationalError, connections, transaction

from tasklog.models import TaskLogLine

# SQLite asks this often, in steps of its virtual machine, whether it may go on: 1 ms or less.
STEPS = 50_000


class TooSlow(Exception):
    """The database stopped the statement: its time was up."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Statements inside end after about `seconds` each.  Raises `TooSlow`."""
    connection = connections[TaskLogLine.objects.db]
    limit = {"postgresql": _postgresql, "sqlite": _sqlite}.get(connection.vendor)
    if limit is None:
        yield
        return
    try:
        with limit(connection, seconds):
            yield
    except OperationalError as error:
        if _stopped(error):
            raise TooSlow from error
        raise


@contextmanager
def _postgresql(connection: Any, seconds: float) -> Iterator[None]:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        milliseconds = max(1, round(seconds * 1000))
        # Compiling a statement (jit) takes longer than most windows take to be looked through.
        cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}; SET LOCAL jit = off")
        yield
        # Within somebody else's transaction both would outlive this block.
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT; SET LOCAL jit TO DEFAULT")


@contextmanager
def _sqlite(connection: Any, seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    end = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, STEPS)


def _stopped(error: DatabaseError) -> bool:
    cause = error.__cause__
    return getattr(cause, "sqlstate", "") == "57014" or "interrupted" in str(error)
