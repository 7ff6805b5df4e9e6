"""Which lines of a run are wanted: one wish, for rows by SQL and for chunks by hand.  BOTH."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any, cast

from django.db import connections
from django.db.models import Q, Value
from django.db.models.functions import Collate, StrIndex, Upper

from tasklog.line import Line
from tasklog.querysets import LineQuerySet

# Lines from this level on have an index of their own (see TaskLogLine.Meta).
NOTABLE = 30


def _mentioning(rows: LineQuerySet, text: str) -> LineQuerySet:
    if connections[rows.db].vendor != "postgresql" or not text.isascii():
        return rows.filter(message__icontains=text)
    # `icontains` asks the locale about every letter and tries LIKE's pattern anew at each of its
    # first letters; for ASCII this gives the same answer in less than half the time.
    place = StrIndex(Upper(Collate("message", "C")), Value(text.upper()))
    return cast("LineQuerySet", rows.alias(place=place).filter(place__gt=0))


@dataclass(frozen=True, slots=True)
class Only:
    """Which lines; what is empty narrows nothing.

    `levels`: a lowest level · `streams` · `q`: text in the message · `attempt`: its number ·
    `logger`: its name, `orders` stands for `orders.pricing` as well · `cut`: of each message only
    so many characters (at least one; a message may have a quarter of a megabyte).
    """

    levels: int | None = None
    streams: Collection[str] | None = None
    q: str = ""
    attempt: int | None = None
    logger: str = ""
    cut: int | None = None

    @property
    def everything(self) -> bool:
        return self.plain and not (self.levels or self.streams)

    @property
    def plain(self) -> bool:
        """Nothing is asked but levels and streams: a chunk's counts can answer."""
        return not (self.q or self.logger) and self.attempt is None

    @property
    def words(self) -> dict[str, Any]:
        """As the keywords of `read_lines`."""
        return asdict(self)

    def narrow(self, rows: LineQuerySet) -> LineQuerySet:
        """These rows, as far as they are wanted."""
        if self.levels:
            rows = rows.filter(level__gte=self.levels)
        if self.levels and self.levels >= NOTABLE:
            # Written out, not as a parameter: SQLite takes the partial index only for the very
            # words of its condition (0.1 ms against 100 ms in a run of 100,000 lines).
            rows = cast("LineQuerySet", rows.extra(where=["level >= 30"]))
        if self.streams:
            rows = rows.filter(stream__in=self.streams)
        if self.q:
            rows = _mentioning(rows, self.q)
        if self.attempt is not None:
            rows = rows.filter(attempt__number=self.attempt)
        if self.logger:
            below = Q(logger__startswith=f"{self.logger}.")
            rows = rows.filter(below | Q(logger=self.logger))
        return rows

    @property
    def tests(self) -> dict[str, Callable[[Any], bool]]:
        """What a line's columns must pass, by their names; none where nothing is asked."""
        tests: dict[str, Callable[[Any], bool]] = {}
        if self.levels:
            tests["level"] = self.levels.__le__
        if self.streams:
            tests["stream"] = self.streams.__contains__
        if self.attempt is not None:
            tests["attempt"] = self.attempt.__eq__
        if self.logger:
            tests["logger"] = self._is_below
        return tests

    def _is_below(self, logger: str) -> bool:
        return f"{logger}.".startswith(f"{self.logger}.")

    def mentioned_in(self, message: str) -> bool:
        return not self.q or self.q.lower() in message.lower()

    def keeps(self, line: Line) -> bool:
        return self.mentioned_in(line.message) and all(
            test(getattr(line, name)) for name, test in self.tests.items()
        )

    def counted_in(self, counts: dict[str, dict[str, int]]) -> int:
        """How many of a chunk's lines have a wanted stream and level; 0: no need to open it."""
        return sum(
            count
            for stream, levels in counts.items()
            if not self.streams or stream in self.streams
            for level, count in levels.items()
            if not self.levels or int(level) >= self.levels
        )
