"""The terms of a query taken together: one condition for SQL, one decision in Python.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections
from django.db.models import F, Q

from tasklog.archive.rows import Microseconds
from tasklog.line import Line
from tasklog.models import LogChunk, TaskLogLine
from tasklog.search.query import Query
from tasklog.search.terms import Level, LineTerm, Regex, RunTerm, Stream, Text, fold

# Without a join: the attempt and the rest are read for the few lines that are shown.
COLUMNS = (
    F("id"), F("task_id"), F("number"), Microseconds("timestamp"), F("stream"), F("level"),
    F("logger"), F("message"),
)  # fmt: skip


class Condition:
    """What a query asks of lines and of runs.

    `lines` and `runs` are conditions that miss nothing; `exact` says that `lines` finds nothing
    else, so that few rows need to be fetched for a page.
    """

    def __init__(self, query: Query) -> None:
        vendor = connections[TaskLogLine.objects.db].vendor
        self.query = query
        self._of_lines = query.of_lines
        self.lines = _narrow(query.of_lines, vendor)
        self.runs = _narrow(query.of_runs, vendor)
        self.exact = all(what.exact(vendor) for what, _ in query.of_lines)
        wanted = [what for what, negated in query.of_lines if not negated]
        self.texts = [what for what in wanted if isinstance(what, Text)]
        self.patterns = [what for what in wanted if isinstance(what, Regex)]
        # What the database looks for: the texts, and what the patterns cannot do without.
        self.words = [text.value for text in self.texts]
        self.words += [word for pattern in self.patterns for word in pattern.literals]

    def keeps(self, line: Line) -> bool:
        return all(what.keeps(line) != negated for what, negated in self._of_lines)

    def keeps_run(self, run: Any) -> bool:
        return all(what.keeps_run(run) != negated for what, negated in self.query.of_runs)

    def may_be_among(self, messages: str) -> bool:
        """Whether a match could be among these messages, one a line: one look for thousands."""
        folded = fold(messages) if self.texts else ""
        return all(fold(text.value) in folded for text in self.texts) and all(
            pattern.may_be_among(messages) for pattern in self.patterns
        )

    def may_be_in(self, chunk: LogChunk) -> bool:
        """Whether the chunk's counts by stream and level leave a line that could be wanted."""
        plain = [term for term in self._of_lines if isinstance(term[0], Level | Stream)]
        lines = (
            Line(0, 0, stream, int(level), "", "", 0, 0, 0)
            for stream, levels in chunk.counts.items()
            for level in levels
        )
        return any(all(what.keeps(line) != no for what, no in plain) for line in lines)


def line_of(row: tuple[Any, ...]) -> Line:
    """The line of a row of COLUMNS, as far as a term can ask for it."""
    _, _, number, at, stream, level, logger, message = row
    return Line(number, at, stream, level, logger, message, 1, 0, 0)


def _narrow(terms: Iterable[tuple[LineTerm | RunTerm, bool]], vendor: str) -> Q:
    found = Q()
    for what, negated in terms:
        rows = what.rows(vendor)
        if rows is None or (negated and not what.exact(vendor)):
            continue
        found &= ~rows if negated else rows
    return found
