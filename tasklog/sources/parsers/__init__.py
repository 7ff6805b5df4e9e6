"""The formats of log files, one file each.  WORKER.

A parser is made with what an earlier one remembered (`memory`, plain JSON) and asked for one line
at a time: `parse(text)` is what the line says, or None where this format does not read it.  It
never raises, whatever the text, and its time is linear in its length.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Parsed(NamedTuple):
    """What one line says: `at` in microseconds since 1970 UTC, None where it names no time."""

    at: int | None
    level: int
    logger: str
    message: str


class Parser(Protocol):
    """One format at work on one file."""

    name: str
    # What must survive a restart in the middle of the file.
    memory: dict[str, Any]

    def __init__(self, memory: dict[str, Any]) -> None: ...

    def parse(self, text: str) -> Parsed | None: ...


# A line that belongs to the format but says nothing, such as the head of a table.
NOTHING = Parsed(None, 0, "", "")
