"""Lines of a file become lines of a run: parsed, joined to their record, counted.  WORKER.

One line of the file is one line of the run.  Those of a traceback, and whatever else follows a
record without being one, carry its time, level and logger.  A line that the format does not read
is kept as it is and counted, with the first of them as samples.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tasklog.capture.redact import mask
from tasklog.drain.text import clean, is_tidy, tidy
from tasklog.line import LOG, level_name
from tasklog.sources.parsers import NOTHING, Parser
from tasklog.sources.parsers.plain_text import level_in
from tasklog.spool.record import LineRecord

SAMPLES = 20
SAMPLE_CHARS = 200
_TRACE = "Traceback (most recent call last)"
_FOLLOWS = (
    _TRACE, "Caused by:", "During handling of the above exception", "The above exception was",
    "Stack trace:", "goroutine ",
)  # fmt: skip
# The last line of a traceback: `ValueError: no such order`.
_LAST = re.compile(r"[A-Za-z_][\w.]{0,200}(?::\s|$)")
_ERROR = 40


class Summary:
    """What a file holds, kept as plain JSON so that it survives a restart."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.format: str = told.get("format", "")
        self.lines: int = told.get("lines", 0)
        self.bytes: int = told.get("bytes", 0)
        self.first: int | None = told.get("first")
        self.last: int | None = told.get("last")
        self.levels: Counter[int] = Counter({int(k): n for k, n in told.get("levels", {}).items()})
        self.errors: int = told.get("errors", 0)
        self.samples: list[list[Any]] = told.get("samples", [])

    def told(self) -> dict[str, Any]:
        return {**self.__dict__, "levels": {str(level): n for level, n in self.levels.items()}}

    def wrong(self, number: int, text: str) -> None:
        self.errors += 1
        if len(self.samples) < SAMPLES:
            self.samples.append([number, text[:SAMPLE_CHARS].replace("\0", "␀")])

    def count(self, rows: Sequence[LineRecord]) -> None:
        """The levels and the span of these rows' times."""
        self.levels.update([row.level for row in rows])

    def span(self, ats: Sequence[int]) -> None:
        if ats:
            low, high = min(ats), max(ats)
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)


def readable(told: dict[str, Any]) -> dict[str, Any]:
    """A summary for people and programs: times as dates, levels by name."""
    return {
        "format": told.get("format", ""),
        "lines": told.get("lines", 0),
        "bytes": told.get("bytes", 0),
        "first": _date(told.get("first")),
        "last": _date(told.get("last")),
        "levels": {
            level_name(int(level)) or "none": count
            for level, count in sorted(told.get("levels", {}).items(), key=lambda one: int(one[0]))
        },
        "errors": told.get("errors", 0),
        "samples": [{"line": number, "text": text} for number, text in told.get("samples", [])],
    }


def _date(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1e6, UTC).isoformat()


class Records:
    """Reads the lines of one file in their order; `memory` is all it knows of earlier ones."""

    def __init__(
        self, task_id: str, parser: Parser, summary: Summary, memory: dict[str, Any], now: int
    ) -> None:
        self.task_id = task_id
        self.parser = parser
        self.summary = summary
        self.at: int = memory.get("at", now)
        self.level: int = memory.get("level", 0)
        self.logger: str = memory.get("logger", "")
        self.timed: bool = memory.get("timed", False)
        self.tracing: bool = memory.get("tracing", False)

    @property
    def memory(self) -> dict[str, Any]:
        names = ("at", "level", "logger", "timed", "tracing")
        return {name: getattr(self, name) for name in names}

    def read(self, lines: Sequence[str]) -> list[LineRecord]:
        """The rows of these lines."""
        rows: list[LineRecord] = []
        ats: list[int] = []
        parse, number = self.parser.parse, self.summary.lines
        for text in lines:
            number += 1
            found = parse(text)
            if found is None:
                rows += self._loose(text, number)
                continue
            at, self.level, self.logger, message = found
            self.tracing = False
            if at is not None:
                self.at, self.timed = at, True
                ats.append(at)
            if found is not NOTHING:
                rows += self._rows(number, message)
        self.summary.lines = number
        self.summary.span(ats)
        self.summary.count(rows)
        return rows

    def _rows(self, number: int, message: str) -> Iterator[LineRecord]:
        if not message.isascii() or not self.logger.isascii():
            # JSON can spell half a character, which no database takes.
            message, self.logger = clean(message), clean(self.logger)
        for text in message.split("\n") if "\n" in message else (message,):
            row = LineRecord(
                self.task_id, "", 0, number, self.at, LOG, self.level, self.logger, mask(text)
            )
            yield row if is_tidy(row) else tidy(row)

    def _loose(self, text: str, number: int) -> Iterator[LineRecord]:
        """A line that is no record: it follows one, or it is wrong, or the file has none."""
        plain = self.parser.name == "plain"
        if not text.strip():  # a megabyte of nothing would be a million lines
            return iter(())
        if not self._follows(text) and not (plain and self.timed):
            if not plain:
                self.summary.wrong(number, text)
            self.level, self.logger = level_in(text), ""
        return self._rows(number, text)

    def _follows(self, text: str) -> bool:
        if text.startswith(_FOLLOWS):
            self.tracing = True
            if text.startswith(_TRACE):
                self.level = max(self.level, _ERROR)
            return True
        if text[:1] in (" ", "\t"):
            return self.tracing or self.timed
        return self.tracing and _LAST.match(text) is not None
