"""Lines of a file become lines of a run: parsed, joined to their record, counted.  WORKER.

One line of the file is one line of the run.  Those of a traceback, and whatever else follows a
record without being one, carry its time, level and logger.  A line that the format does not read
is kept as it is and counted, with the first of them as samples.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tasklog.capture.redact import Masker
from tasklog.capture.scan import suspicious
from tasklog.drain.text import clean, name
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

    @property
    def rows(self) -> int:
        """Lines of the run: one of the file may hold many."""
        return self.levels.total()

    def wrong(self, rows: Sequence[LineRecord]) -> None:
        """Lines that were not read, as they are stored."""
        self.errors += len(rows)
        for row in rows[: SAMPLES - len(self.samples)]:
            self.samples.append([row.seq, row.message[:SAMPLE_CHARS]])

    def count(self, rows: Sequence[LineRecord]) -> None:
        """Their levels."""
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
        self.unended = False  # the newest line is inside a traceback
        self.masker = Masker(memory.get("hiding"))
        self.rows: list[LineRecord] = []

    @property
    def memory(self) -> dict[str, Any]:
        known = ("at", "level", "logger", "timed", "tracing")
        return {one: getattr(self, one) for one in known} | {"hiding": self.masker.hiding}

    @property
    def going_on(self) -> dict[str, Any]:
        """The memory where what comes later may belong to a key or a traceback, else nothing."""
        if self.unended:
            return self.memory
        return {"hiding": self.masker.hiding} if self.masker.hiding else {}

    def read(self, lines: Sequence[str]) -> list[LineRecord]:
        """The rows of these lines."""
        self.rows = []
        ats: list[int] = []
        wrong: set[int] = set()
        parse, number = self.parser.parse, self.summary.lines
        for text in lines:
            number += 1
            found = parse(text)
            if found is None:
                if self._loose(text, number):
                    wrong.add(number)
                continue
            at, self.level, logger, message = found
            if logger != self.logger:
                self.logger = name(logger)
            self.tracing = self.unended = False
            if at is not None:
                self.at, self.timed = at, True
                ats.append(at)
            if found is not NOTHING:
                self._add(number, message)
        rows = self._masked(self.rows)
        self.summary.lines = number
        self.summary.span(ats)
        self.summary.count(rows)
        if wrong:
            self.summary.wrong([row for row in rows if row.seq in wrong])
        return rows

    def _add(self, number: int, message: str) -> None:
        if not message.isascii() or "\0" in message:
            message = clean(message)  # JSON can spell half a character, which no database takes
        for text in message.split("\n") if "\n" in message else (message,):
            self.rows.append(
                LineRecord(self.task_id, "", 0, number, self.at, LOG, self.level, self.logger, text)
            )

    def _masked(self, rows: list[LineRecord]) -> list[LineRecord]:
        """Most blocks hold no sign of a secret: one look at all their lines together."""
        if not self.masker.watchful and not suspicious("\n".join([row.message for row in rows])):
            return rows
        return [row._replace(message=self.masker(LOG, row.message)) for row in rows]

    def _loose(self, text: str, number: int) -> bool:
        """A line that is no record: it follows one, or it is wrong (True), or the file has none."""
        plain = self.parser.name == "plain"
        if not text.strip():  # a megabyte of nothing would be a million lines
            return False
        alone = not self._follows(text) and not (plain and self.timed)
        if alone:
            self.level, self.logger = level_in(text), ""
        self._add(number, text)
        return alone and not plain

    def _follows(self, text: str) -> bool:
        if text.startswith(_FOLLOWS):
            self.tracing = self.unended = True
            if text.startswith(_TRACE):
                self.level = max(self.level, _ERROR)
            return True
        self.unended = self.tracing and text[:1] in (" ", "\t")
        if text[:1] in (" ", "\t"):
            return self.tracing or self.timed
        return self.tracing and _LAST.match(text) is not None
