"""What every kind of connection has: a form for its settings, and a function that fetches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from tasklog.sealed import SealedForm


class Event(NamedTuple):
    """What came: one line or several.  `id` "" for one that cannot come twice.

    Lines of the same `flow` follow one another: a key or a traceback may go on in the next event.
    """

    id: str
    at: int | None
    text: str
    flow: str = ""


class Batch(NamedTuple):
    """A page of events, and where to go on once they are stored."""

    events: list[Event]
    cursor: dict[str, Any]
    more: bool = False
    # Ids that were seen before this moment will not come again.
    forget: datetime | None = None


# Given settings, cursor and now; raises `TransportError`.
Fetch = Callable[[dict[str, Any], dict[str, Any], datetime], Batch]


@dataclass(frozen=True, slots=True)
class Kind:
    form: type[SealedForm]
    fetch: Fetch
