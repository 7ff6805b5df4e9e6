"""A bounded window of a run's lines, as the address asks for it (see dashboard/asked.py).  WEB."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from dashboard.asked import PLACES, Filters, whole
from dashboard.attempts import Ends, ends_of
from dashboard.lines import Before, render
from tasklog.archive.reader import read_lines
from tasklog.line import Line

SIZE = 1000


@dataclass(frozen=True, slots=True)
class Asked(Filters):
    """Filters and place as they stand in the address of a run's log; places are line numbers."""

    before: int | None = None
    after: int | None = None
    at: int | None = None
    line: int | None = None

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        """What cannot be understood is not asked."""
        numbers: dict[str, Any] = {name: whole(query, name) for name in ("attempt", *PLACES)}
        return cls(**cls.words(query), **numbers)


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
