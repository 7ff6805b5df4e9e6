"""A bounded window of a workflow's merged log, as the address asks for it.  WEB.

`before` and `after` are places (see `tasklog.workflows.place`); without them it is the newest
lines.  A place that fits no more opens the newest window too, for a page to begin anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from dashboard.lanes import Lanes
from dashboard.window import LEVELS, Edge
from tasklog.archive.merged import Strand, Told, newest, oldest
from tasklog.archive.only import Only
from tasklog.archive.strands import between, reaches_of, strands_of
from tasklog.models import TaskRun
from tasklog.workflows.members import Workflow
from tasklog.workflows.place import LONGEST, unpack

SIZE = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters and place as they stand in the address."""

    name: str = ""
    run: str = ""
    level: str = ""
    before: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        """What cannot be understood is not asked."""
        level = query.get("level", "")
        words = {key: _word(query, key) for key in ("name", "run", "before", "after")}
        return cls(level=level if level in LEVELS else "", **words)

    @property
    def narrow(self) -> bool:
        return bool(self.name or self.run or self.level)

    @property
    def only(self) -> Only:
        return Only(LEVELS.get(self.level))

    def keeps(self, run: TaskRun) -> bool:
        return self.name in ("", run.name) and self.run in ("", run.task_id)

    def kept(self, runs: Sequence[TaskRun]) -> list[TaskRun]:
        return [run for run in runs if self.keeps(run)]

    def anew(self) -> Asked:
        """The newest lines of the same branches."""
        return replace(self, before="", after="")

    def url(self, **changes: Any) -> str:
        """The query with these changes; the place is kept only where it is named."""
        asked = replace(self, **{"before": "", "after": "", **changes})
        values = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
        return "?" + urlencode({"tab": "log"} | {k: v for k, v in values.items() if v})


def _word(query: QueryDict, name: str) -> str:
    return query.get(name, "")[:LONGEST].replace("\0", "")


@dataclass(frozen=True, slots=True)
class Window:
    """Lines to draw, and what lies around them."""

    asked: Asked
    lanes: Lanes
    lines: list[Told]
    # How far each run is read above the first line.
    start: dict[str, int]
    # How far the workflow had come when this was read: from here on the stream goes on.
    seen: str
    older: Edge | None = None
    newer: Edge | None = None

    @property
    def first(self) -> str:
        """The place above all lines."""
        return self.lanes.place({})

    @property
    def drawn(self) -> SafeString:
        """The lines as HTML."""
        html = self.lanes.render(self.lines, dict(self.start))
        return mark_safe(html)  # noqa: S308 - every value in it is escaped by dashboard.lines

    @property
    def at_end(self) -> bool:
        return self.newer is None


def open_window(workflow: Workflow, asked: Asked, *, fragment: bool = False) -> Window | None:
    """The window; None where a place of the address fits no more.  A fragment goes beside lines
    that are there: it has an edge on one side.
    """
    reaches = reaches_of(workflow.runs)
    lanes = Lanes(workflow, reaches)
    whole = {reach.task_id: reach.lines for reach in reaches}
    above = unpack(reaches, asked.after) if asked.after else None
    below = unpack(reaches, asked.before) if asked.before else whole
    if below is None or (asked.after and above is None):
        return None
    strands = between(strands_of(asked.kept(workflow.runs)), above or {}, below)
    seen = lanes.place(whole)
    if above is not None:
        return _forwards(Window(asked, lanes, [], above, seen), strands, fragment=fragment)
    return _backwards(Window(asked, lanes, [], below, seen), strands, fragment=fragment)


def _backwards(window: Window, strands: list[Strand], *, fragment: bool) -> Window:
    lines = newest(strands, SIZE + 1, window.asked.only)
    more, lines = len(lines) > SIZE, lines[-SIZE:]
    start = dict(window.start)
    for task_id, line in reversed(lines):
        start[task_id] = line.number - 1
    asked, newer = window.asked, None
    if asked.before and not fragment:
        newer = _edge(asked, "newer", after=asked.before)
    older = _edge(asked, "older", before=window.lanes.place(start)) if more else None
    return replace(window, lines=lines, start=start, older=older, newer=newer)


def _forwards(window: Window, strands: list[Strand], *, fragment: bool) -> Window:
    lines = oldest(strands, SIZE + 1, window.asked.only)
    more, lines = len(lines) > SIZE, lines[:SIZE]
    end = {**window.start, **{task_id: line.number for task_id, line in lines}}
    asked, newer = window.asked, None
    if more and asked.before:
        newer = hidden_edge(asked, window.lanes.place(end), asked.before)
    elif more:
        newer = _edge(asked, "newer", after=window.lanes.place(end))
    older = None if fragment else _edge(asked, "older", before=asked.after)
    return replace(window, lines=lines, older=older, newer=newer)


def _edge(asked: Asked, kind: str, **place: str) -> Edge:
    query = asked.url(**place)
    return Edge(kind, query, query, f"{kind.capitalize()} lines")


def hidden_edge(asked: Asked, after: str, before: str, count: int = 0) -> Edge:
    """The bar over lines that a flood left out."""
    told = f"{count:,} lines hidden by the flood" if count else "More lines hidden by the flood"
    query = asked.url(after=after, before=before)
    return Edge("hidden", query, query, told, count)
