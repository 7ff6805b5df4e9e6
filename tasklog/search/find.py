"""Lines of all runs that fit a query, page by page, each page within a time budget.  WEB.

Rows come first, archived lines after them; both from the newest back.  A page that ran out of
time says how far it got, and its cursor goes on from there, so that no search ever times out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasklog.conf import conf
from tasklog.models import TaskRun
from tasklog.search import chunks, rows, runs
from tasklog.search.condition import Condition
from tasklog.search.context import Passage, passages
from tasklog.search.hunt import Hunt
from tasklog.search.query import Query

# Time for looking (seconds); with the rest of the page it stays below a second and a half.
SECONDS = 0.8
_CURSOR = re.compile(r"l(\d{1,18})|c(\d{1,19})\.(\d{1,19})|r(\d{1,17})\.(\d{1,18})\.(.{1,255})")


@dataclass(frozen=True, slots=True)
class Group:
    """The matches of one run on this page; `more`: it has others, which are not shown."""

    run: TaskRun
    passages: list[Passage]
    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page of matches.

    `cursor` goes on where this page ended, "" at the end of all lines.  `looked_at` counts the
    lines this page looked at (None: an index answered for all of them), `back_to` is about when
    the oldest of them was said.
    """

    groups: list[Group]
    count: int
    cursor: str
    looked_at: int | None
    back_to: datetime | None
    seconds: float


def find(query: Query, user: Any, cursor: str = "", seconds: float = SECONDS) -> Found:
    """The newest matches of runs `user` may see, from `cursor` on."""
    hunt = Hunt(Condition(query), seconds)
    visible = TaskRun.objects.visible_to(user)
    if conf().visibility or runs.narrows(hunt):
        following = _by_runs(hunt, visible, cursor)
    else:
        following = _by_lines(hunt, cursor)
    groups = _groups(hunt, visible)
    return Found(
        groups,
        sum(group.count for group in groups),
        following,
        None if hunt.indexed else hunt.looked_at,
        runs.moment(hunt.reached) if hunt.reached else None,
        seconds - hunt.left,
    )


def is_cursor(text: str) -> bool:
    """Has it the form of a cursor, with numbers that a row can have?"""
    read = _CURSOR.fullmatch(text)
    return read is not None and all(int(n) <= chunks.END for n in read.groups()[:5] if n)


def _by_lines(hunt: Hunt, cursor: str) -> str:
    read = _CURSOR.fullmatch(cursor)
    if not (read and read[2]):
        below = rows.walk(hunt, int(read[1]) if read and read[1] else None)
        if below is not None:
            return f"l{below}"
        if hunt.over:
            return f"c{chunks.END}.{chunks.END}"
    place = chunks.walk(hunt, (int(read[2]), int(read[3])) if read and read[2] else None)
    return "c{}.{}".format(*place) if place else ""


def _by_runs(hunt: Hunt, visible: Any, cursor: str) -> str:
    read = _CURSOR.fullmatch(cursor)
    below = runs.Place(int(read[4]), int(read[5]), read[6]) if read and read[4] else None
    place = runs.walk(hunt, visible, below)
    return "r{}.{}.{}".format(*place) if place else ""


def _groups(hunt: Hunt, visible: Any) -> list[Group]:
    """The found lines with their runs; a line whose run is gone is gone too."""
    there = visible.defer("result", "traceback", "args", "kwargs").in_bulk(list(hunt.found))
    found = {task_id: hunt.found[task_id] for task_id in hunt.found if task_id in there}
    around = passages(found, [run.task_id for run in there.values() if run.archived_at])
    return [
        Group(there[task_id], around[task_id], len(lines), task_id in hunt.sated)
        for task_id, lines in found.items()
    ]
