"""One page of the runs list, at a price that does not grow with the table.  WEB.

Keyset paging over (created_at, task_id).  The narrowest filter that has an index finds the
candidates, at most `REACH` of them; the other filters sift those.  Where that window ended the
search, the page says so and offers to go on from there: nothing scans a million runs unasked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Concat

from dashboard.filters import GROUPS, Question, RunFilter, understand
from tasklog.models import TaskRun
from tasklog.querysets import WHY
from tasklog.states import State

PAGE = 50
# Candidates sifted for one page: about 15 ms of text search on either database.
REACH = 5_000
# Counts beyond this are shown as "1,000+".
COUNT_LIMIT = 1000
# Long texts no row shows.
HEAVY = ("result", "traceback", "exception", "reason")

Runs = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of one page, newest first, and the cursors of its neighbours ("" for none)."""

    runs: list[TaskRun]
    older: str = ""
    newer: str = ""
    searched: int = 0  # > 0: only so many runs were looked at
    problems: tuple[str, ...] = ()


def list_runs(visible: Runs, asked: RunFilter) -> Listing:
    """The page `asked` for.  `visible`: the runs this reader may see."""
    question = understand(asked)
    if asked.after:
        listing = _newer_page(visible, question, asked.after)
        if len(listing.runs) == PAGE:
            return listing
        asked = replace(asked, after="")  # the newest page, filled up
    return _older_page(visible, question, asked.before)


def all_runs(visible: Runs, asked: RunFilter, most: int) -> tuple[list[TaskRun], bool]:
    """The newest runs of this list, at most so many, and whether there are more; bounded, too,
    by what `most` runs' worth of pages sift.
    """
    found: list[TaskRun] = []
    asked = replace(asked, before="", after="")
    for _ in range(-(-most // PAGE) + 1):
        listing = list_runs(visible, asked)
        found += listing.runs
        if not listing.older or len(found) > most:
            break
        asked = replace(asked, before=listing.older)
    return found[:most], bool(listing.older) or len(found) > most


def _older_page(visible: Runs, question: Question, before: str) -> Listing:
    runs = visible
    if cursor := _read_cursor(before):
        at, task_id = cursor
        runs = runs.filter(created_at__lte=at).filter(Q(created_at__lt=at) | Q(task_id__lt=task_id))
    rows, edge = _take(runs, question, ("-created_at", "-task_id"))
    older = _cursor(rows[PAGE - 1]) if len(rows) > PAGE else edge_cursor(edge)
    newer = _cursor(rows[0]) if cursor and rows else ""
    return Listing(rows[:PAGE], older, newer, _searched(rows, edge), question.problems)


def _newer_page(visible: Runs, question: Question, after: str) -> Listing:
    runs = visible
    if cursor := _read_cursor(after):
        at, task_id = cursor
        runs = runs.filter(created_at__gte=at).filter(Q(created_at__gt=at) | Q(task_id__gt=task_id))
    rows, edge = _take(runs, question, ("created_at", "task_id"))
    rows, more = rows[:PAGE][::-1], len(rows) > PAGE
    if not rows:
        return Listing([])
    newer = _cursor(rows[0]) if more else ""
    return Listing(rows, _cursor(rows[-1]), newer, _searched(rows, edge), question.problems)


def _searched(rows: list[TaskRun], edge: datetime | None) -> int:
    return REACH if edge is not None and len(rows) <= PAGE else 0


def _take(
    runs: Runs, question: Question, order: tuple[str, str]
) -> tuple[list[TaskRun], datetime | None]:
    """Up to a page and one row more, and where the search ended early (None: it did not)."""
    lanes, sift, edge = _lanes(runs, question, order)
    found = chain.from_iterable(
        lane.filter(sift).defer(*HEAVY).annotate(why=WHY).order_by(*order)[: PAGE + 1]
        for lane in lanes
    )
    backwards = order[0].startswith("-")
    rows = sorted(found, key=lambda run: (run.created_at, run.task_id), reverse=backwards)
    return rows[: PAGE + 1], edge


def _lanes(
    runs: Runs, question: Question, order: tuple[str, str]
) -> tuple[list[Runs], Q, datetime | None]:
    """Querysets that each walk one index in order; the condition that sifts them; their edge."""
    if question.since:
        runs = runs.filter(created_at__gte=question.since)
    choices = [[runs.filter(**{column: value})] for column, value in question.equal]
    if question.states:
        choices.append([runs.filter(state=state) for state in question.states])
    if not choices:
        choices.append([runs])
    filters = len(question.equal) + bool(question.states)
    if filters <= 1 and not question.rest:
        return choices[0], Q(), None
    lanes, edge = _narrowest(choices, order)
    lanes = [_sift(lane, question) for lane in lanes]
    if edge is not None:
        side = "gte" if order[0].startswith("-") else "lte"
        lanes = [lane.filter(**{f"created_at__{side}": edge}) for lane in lanes]
    return lanes, question.rest, edge


def _narrowest(
    choices: list[list[Runs]], order: tuple[str, str]
) -> tuple[list[Runs], datetime | None]:
    """The choice whose first REACH candidates reach furthest (None: to the end)."""
    backwards = order[0].startswith("-")
    best: tuple[list[Runs], datetime | None] | None = None
    for lanes in choices:
        edges = [edge for lane in lanes if (edge := _edge(lane, order[0], len(lanes)))]
        if not edges:
            return lanes, None
        edge = max(edges) if backwards else min(edges)
        if best is None or best[1] is None or (edge < best[1]) == backwards:
            best = lanes, edge
    assert best is not None  # noqa: S101
    return best


def _edge(lane: Runs, order: str, lanes: int) -> datetime | None:
    """When the last candidate of this lane was created; the index alone answers."""
    reach = REACH // lanes
    found = lane.order_by(order).values_list("created_at", flat=True)[reach : reach + 1]
    return next(iter(found), None)


def _sift(lane: Runs, question: Question) -> Runs:
    """The other filters, written so that no planner leaves the lane for their index."""
    for column, value in question.equal:
        lane = lane.alias(**{f"plain_{column}": Concat(column, Value(""))})
        lane = lane.filter(**{f"plain_{column}": value})
    if question.states:
        lane = lane.alias(plain_state=Concat("state", Value("")))
        lane = lane.filter(plain_state__in=question.states)
    return lane


def count_states(visible: Runs, asked: RunFilter) -> dict[str, str]:
    """`{"all": "1,000+", "failed": "3", …}` for the chips, under the other filters."""
    question = replace(understand(replace(asked, state="")), problems=())
    if question.equal or question.rest:
        return _count_window(visible, question)
    if question.since:
        visible = visible.filter(created_at__gte=question.since)
    tally = bounded_counts(visible)
    groups = {name: sum(tally[state] for state in states) for name, states in GROUPS.items()}
    return {name: _said(n) for name, n in {"all": sum(tally.values()), **groups}.items()}


def bounded_counts(visible: Runs) -> dict[str, int]:
    """Runs by state, each counted no further than one past the limit."""
    return {
        state: visible.filter(state=state).order_by()[: COUNT_LIMIT + 1].count() for state in State
    }


def _count_window(visible: Runs, question: Question) -> dict[str, str]:
    """Counted among the candidates only; a window that ended early says "or more"."""
    lanes, sift, edge = _lanes(visible, question, ("-created_at", "-task_id"))
    if edge is None and not sift:
        edge = _edge(lanes[0], "-created_at", 1)
        lanes = [lane.filter(created_at__gte=edge) for lane in lanes] if edge else lanes
    tally: Counter[str] = Counter()
    # Grouped by a text of the state: by the column, SQLite would walk the whole index of states.
    for lane in lanes:
        rows = lane.filter(sift).order_by().annotate(said=Concat("state", Value("")))
        tally.update(dict(rows.values_list("said").annotate(n=Count("*"))))
    groups = {name: sum(tally[state] for state in states) for name, states in GROUPS.items()}
    return {
        name: _said(n, more=edge is not None)
        for name, n in {"all": tally.total(), **groups}.items()
    }


def _said(n: int, *, more: bool = False) -> str:
    if n > COUNT_LIMIT:
        return f"{COUNT_LIMIT:,}+"
    return f"{n:,}+" if more else f"{n:,}"


def _cursor(run: TaskRun) -> str:
    return f"{_microseconds(run.created_at)}.{run.task_id}"


def edge_cursor(edge: datetime | None) -> str:
    return f"{_microseconds(edge)}." if edge else ""


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _read_cursor(text: str) -> tuple[datetime, str] | None:
    """None for no cursor, and for one that somebody mangled: the list then begins anew."""
    at, dot, task_id = text.partition(".")
    if not dot or not at.isdecimal() or len(at) > 17:
        return None
    try:
        seconds, micro = divmod(int(at), 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro), task_id
    except (OverflowError, ValueError, OSError):
        return None
