"""A connection to the broker with short limits: a page must not hang because the broker does.

One of its own for each use: a pooled one that died while idle would fail the first click after a
broker's restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_app
from kombu.exceptions import KombuError

# Seconds for connecting and for each answer of the broker itself.
PATIENCE = 1
LIMITS = {
    "socket_connect_timeout": PATIENCE,
    "socket_timeout": PATIENCE,
    "retry_on_timeout": False,
    "max_retries": 0,
}


class BrokerAway(Exception):
    """The broker does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "The message broker does not answer. Is it running? Diagnostics knows more."
        )


@contextmanager
def link() -> Iterator[Any]:
    """A connection that is open.  Raises `BrokerAway`, also when it breaks while in use."""
    connection: Any = current_app.connection_for_write(
        connect_timeout=PATIENCE, transport_options=LIMITS
    )
    broken: tuple[type[BaseException], ...] = (OSError, KombuError, *connection.connection_errors)
    try:
        with connection:
            connection.connect()
            yield connection
    except broken as error:
        raise BrokerAway from error
