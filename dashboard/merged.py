"""A bounded window of a workflow's merged log, as the address asks for it.  WEB.

`before` and `after` are places (see `tasklog.workflows.place`), `at` and `line` a line of one run;
without them it is the newest lines.  A place that fits no more opens the newest window too, for a
page to begin anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.http import Http404, QueryDict
from django.utils.safestring import SafeString, mark_safe

from dashboard.asked import PLACES, Filters, text
from dashboard.lanes import Lanes
from dashboard.window import Edge
from tasklog.archive.find import Spot
from tasklog.archive.merged import Place, Strand, Told, newest, oldest
from tasklog.archive.moment import place_above
from tasklog.archive.strands import between, reaches_of, strands_of
from tasklog.models import TaskRun
from tasklog.workflows.members import Workflow
from tasklog.workflows.place import LONGEST, unpack

SIZE = 1000


@dataclass(frozen=True, slots=True)
class Asked(Filters):
    """Filters and place as they stand in the address; `at` and `line` are a run's id and a line's
    number with a colon between.
    """

    name: str = ""
    run: str = ""
    before: str = ""
    after: str = ""
    at: str = ""
    line: str = ""

    FIXED: ClassVar[dict[str, str]] = {"tab": "log"}

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        """What cannot be understood is not asked."""
        names = ("name", "run", *PLACES)
        given: dict[str, Any] = {name: text(query, name, LONGEST) for name in names}
        return cls(**cls.words(query), **given)

    @property
    def narrow(self) -> bool:
        return bool(self.name or self.run or not self.only.everything)

    @property
    def spot(self) -> Spot | None:
        """The line whose surroundings are asked for."""
        return spot_of(self.line or self.at)

    def keeps(self, run: TaskRun) -> bool:
        return self.name in ("", run.name) and self.run in ("", run.task_id)

    def kept(self, runs: Sequence[TaskRun]) -> list[TaskRun]:
        return [run for run in runs if self.keeps(run)]

    def anew(self) -> Asked:
        """The newest lines of the same branches."""
        return replace(self, before="", after="")


def spot_of(text: str) -> Spot | None:
    """`ID:120`; None for anything else."""
    task_id, _, number = text.rpartition(":")
    is_one = task_id and number.isascii() and number.isdecimal() and len(number) < 19
    return Spot(task_id, int(number)) if is_one else None


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

    Raises Http404 where a line of no run of this workflow is asked for.
    """
    reaches = reaches_of(workflow.runs)
    lanes = Lanes(workflow, reaches)
    whole = {reach.task_id: reach.lines for reach in reaches}
    seen = lanes.place(whole)
    if asked.spot:
        place = place_at(workflow, asked.spot)
        asked = Asked(find=asked.find) if asked.line else replace(asked, at="")
        return _around(Window(asked, lanes, [], dict(place), seen), workflow, whole)
    above = unpack(reaches, asked.after) if asked.after else None
    below = unpack(reaches, asked.before) if asked.before else whole
    if below is None or (asked.after and above is None):
        return None
    strands = between(strands_of(asked.kept(workflow.runs)), above or {}, below)
    if above is not None:
        return _forwards(Window(asked, lanes, [], above, seen), strands, fragment=fragment)
    return _backwards(Window(asked, lanes, [], below, seen), strands, fragment=fragment)


def place_at(workflow: Workflow, spot: Spot) -> Place:
    """How far each run is read where this line is the next.  Raises Http404."""
    place = place_above(strands_of(workflow.runs), spot)
    if place is None:
        raise Http404(f"No run {spot.task_id} with lines is part of this workflow.")
    return place


def _around(window: Window, workflow: Workflow, whole: Place) -> Window:
    """Half a window on either side of the place it starts at."""
    asked, place = window.asked, window.start
    earlier = between(strands_of(asked.kept(workflow.runs)), {}, place)
    later = between(strands_of(asked.kept(workflow.runs)), place, whole)
    above = _backwards(window, earlier, fragment=True, size=SIZE // 2)
    below = _forwards(window, later, fragment=True, size=SIZE // 2)
    return replace(above, lines=above.lines + below.lines, newer=below.newer)


def _backwards(
    window: Window, strands: list[Strand], *, fragment: bool, size: int | None = None
) -> Window:
    size = size or SIZE
    lines = newest(strands, size + 1, window.asked.drawn)
    more, lines = len(lines) > size, lines[-size:]
    start = dict(window.start)
    for task_id, line in reversed(lines):
        start[task_id] = line.number - 1
    asked, newer = window.asked, None
    if asked.before and not fragment:
        newer = _edge(asked, "newer", after=asked.before)
    older = _edge(asked, "older", before=window.lanes.place(start)) if more else None
    return replace(window, lines=lines, start=start, older=older, newer=newer)


def _forwards(
    window: Window, strands: list[Strand], *, fragment: bool, size: int | None = None
) -> Window:
    size = size or SIZE
    lines = oldest(strands, size + 1, window.asked.drawn)
    more, lines = len(lines) > size, lines[:size]
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
