"""A bounded window of a run's lines, as the address asks for it.  WEB.

A window is a place, not a page number: `before=N`, `after=N` (to `before=M`), `at=N` with what
is around it, or the newest lines.  Filters narrow every one of them the same way; `line=N` is a
line in its context, without any filter.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from dashboard.attempts import Ends, ends_of
from dashboard.lines import DRAWN, Before, render
from tasklog.archive.only import Only
from tasklog.archive.reader import read_lines
from tasklog.line import STREAMS, Line

SIZE = 1000
LEVELS = {"warning": logging.WARNING, "error": logging.ERROR}
LONGEST = 500
PLACES = ("before", "after", "at", "line")


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters and place as they stand in the address."""

    level: str = ""
    stream: tuple[str, ...] = ()
    attempt: int | None = None
    logger: str = ""
    q: str = ""
    find: str = ""
    before: int | None = None
    after: int | None = None
    at: int | None = None
    line: int | None = None

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        """What cannot be understood is not asked."""
        level = query.get("level", "")
        return cls(
            level=level if level in LEVELS else "",
            stream=tuple(s for s in STREAMS if s in query.getlist("stream")),
            attempt=whole(query, "attempt"),
            logger=_words(query, "logger"),
            q=_words(query, "q"),
            find=_words(query, "find"),
            **{name: whole(query, name) for name in PLACES},
        )

    @property
    def only(self) -> Only:
        return Only(LEVELS.get(self.level), self.stream or None, self.q, self.attempt, self.logger)

    @property
    def drawn(self) -> Only:
        """The same, with as much of each line as is drawn, and the sign that there is more."""
        return replace(self.only, cut=DRAWN + 1)

    @property
    def sought(self) -> Only:
        """What is looked for among the lines of this view."""
        return replace(self.only, q=self.find or self.q)

    @property
    def narrow(self) -> bool:
        return not self.only.everything

    def url(self, **changes: Any) -> str:
        """The query with these changes; the place is kept only where it is named."""
        place = dict.fromkeys(PLACES)
        asked = replace(self, **{**place, **changes})
        values = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
        return "?" + urlencode({k: v for k, v in values.items() if v not in (None, "", ())}, True)


def _words(query: QueryDict, name: str) -> str:
    return query.get(name, "")[:LONGEST].replace("\0", "")


def whole(query: QueryDict, name: str) -> int | None:
    """The number under this name, if it is one."""
    text = query.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a window stops although the log goes on; `load` is the address of what follows."""

    kind: str
    query: str
    load: str
    text: str
    # How many lines stand behind it, where that is known.
    count: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Lines to draw, and what lies around them."""

    asked: Asked
    lines: list[Line]
    above: Line | None = None
    older: Edge | None = None
    newer: Edge | None = None
    ends: Ends = field(default_factory=dict)

    @property
    def first(self) -> int:
        return self.lines[0].number if self.lines else 0

    @property
    def last(self) -> int:
        return self.lines[-1].number if self.lines else 0

    @property
    def at_end(self) -> bool:
        return self.newer is None

    @property
    def drawn(self) -> SafeString:
        """The lines as HTML."""
        number, attempt = (self.above.number, self.above.attempt) if self.above else (0, 0)
        above = Before(number, attempt, self.ends)
        html = render(self.lines, None if self.asked.narrow else above)
        return mark_safe(html)  # noqa: S308 - every value in it is escaped by dashboard.lines


def open_window(task_id: str, asked: Asked, *, fragment: bool = False) -> Window:
    """The window, with how the attempts ended whose last lines are in it."""
    window = _opened(task_id, asked, fragment=fragment)
    told = window.lines and window.lines[-1].attempt > 1 and not asked.narrow
    return replace(window, ends=ends_of(task_id)) if told else window


def _opened(task_id: str, asked: Asked, *, fragment: bool) -> Window:
    """The window.  A fragment goes beside lines that are there: it has an edge on one side."""
    if asked.line is not None:
        return _around(task_id, Asked(find=asked.find, line=asked.line), asked.line)
    if asked.at is not None:
        return _around(task_id, asked, asked.at)
    if asked.after is not None:
        return _after(task_id, asked, asked.after, fragment=fragment)
    return _newest(task_id, asked, fragment=fragment)


def _newest(task_id: str, asked: Asked, *, fragment: bool) -> Window:
    lines, above = _backwards(task_id, asked, asked.before, SIZE)
    newer = None
    if asked.before is not None and not fragment:
        newer = _newer_edge(asked, lines[-1].number if lines else asked.before - 1)
    return Window(asked, lines, above, _older_edge(asked, lines, above), newer)


def _after(task_id: str, asked: Asked, after: int, *, fragment: bool) -> Window:
    lines, more = _forwards(task_id, asked, after, asked.before, SIZE)
    above = _line_before(task_id, asked, after + 1)
    newer = None
    if more and asked.before is not None:
        newer = hidden_edge(asked, lines[-1].number + 1, asked.before - 1)
    elif more:
        newer = _newer_edge(asked, lines[-1].number)
    older = None if fragment else _older_edge(asked, lines, above)
    return Window(asked, lines, above, older, newer)


def _around(task_id: str, asked: Asked, line: int) -> Window:
    earlier, above = _backwards(task_id, asked, line, SIZE // 2)
    later, more = _forwards(task_id, asked, line - 1, None, SIZE // 2)
    lines = earlier + later
    newer = _newer_edge(asked, lines[-1].number) if more else None
    return Window(asked, lines, above, _older_edge(asked, lines, above), newer)


def _backwards(
    task_id: str, asked: Asked, before: int | None, limit: int
) -> tuple[list[Line], Line | None]:
    """The newest lines before a number, and the line above them."""
    options = asked.drawn.words
    lines = read_lines(task_id, before=before, limit=limit + 1, newest=True, **options)
    return (lines[1:], lines[0]) if len(lines) > limit else (lines, None)


def _forwards(
    task_id: str, asked: Asked, after: int, before: int | None, limit: int
) -> tuple[list[Line], bool]:
    """The first lines after a number, and whether more follow."""
    options = asked.drawn.words
    lines = read_lines(task_id, after=after, before=before, limit=limit + 1, **options)
    return lines[:limit], len(lines) > limit


def _line_before(task_id: str, asked: Asked, number: int) -> Line | None:
    found, _ = _backwards(task_id, asked, number, 1)
    return found[0] if found else None


def _older_edge(asked: Asked, lines: list[Line], above: Line | None) -> Edge | None:
    if above is None or not lines:
        return None
    query = asked.url(before=lines[0].number)
    return Edge("older", query, query, "Older lines")


def _newer_edge(asked: Asked, last: int) -> Edge:
    query = asked.url(after=last)
    return Edge("newer", query, query, "Newer lines")


def hidden_edge(asked: Asked, first: int, last: int) -> Edge:
    """The bar over lines that a flood left out."""
    count = last - first + 1
    load = asked.url(after=first - 1, before=last + 1)
    if asked.narrow:
        told = f"Some matches hidden by the flood, among {count:,} lines"
        return Edge("hidden", asked.url(after=first - 1), load, told)
    return Edge(
        "hidden", asked.url(line=first), load, f"{count:,} lines hidden by the flood", count
    )
