"""A client-side deadline for the database.

A server that is frozen, or gone without a word, answers no statement and obeys no timeout of its
own.  Shutting our end of the socket down from another thread makes the waiting call fail at once,
like any other lost connection.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections

# The drainer waits this long for one transaction before it gives the connection up (seconds).
SECONDS = 5.0
_TCP = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}


class Deadline:
    """Watches the calls of one thread; made once, its own thread runs as a daemon."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._ends = 0.0
        self._raw: Any = None
        self._never = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name="tasklog-deadline").start()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """The block's database calls fail when they take longer than `seconds` together."""
        # The connection itself: `django.db.connection` is another one in each thread.
        self._ends, self._raw = time.monotonic() + self.seconds, connections[DEFAULT_DB_ALIAS]
        try:
            yield
        finally:
            self._ends = 0.0

    def _watch(self) -> None:
        while not self._never.wait(min(self.seconds / 5, 1.0)):
            if self._ends and time.monotonic() > self._ends:
                self._ends = 0.0
                cut(self._raw)


def prepare() -> None:
    """Connection options against a frozen PostgreSQL, for this process's connections to come."""
    if connection.vendor == "postgresql":
        options = connection.settings_dict["OPTIONS"]
        for name, value in _TCP.items():
            options.setdefault(name, value)


def cut(django_connection: Any) -> None:
    """Shuts down the socket below a PostgreSQL connection; others have no server to freeze."""
    pgconn = getattr(getattr(django_connection, "connection", None), "pgconn", None)
    if pgconn is None:
        return
    # It may be closed in this very moment: psycopg and the kernel then say so.
    with suppress(Exception), socket.socket(fileno=os.dup(pgconn.socket)) as ours:
        ours.shutdown(socket.SHUT_RDWR)
