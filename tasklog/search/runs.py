"""The lines of the runs a query names, run by run from the newest.  WEB.

Used whenever a query or a site's visibility rule narrows the runs, and for times: which runs were
there at a moment is indexed, which lines were is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q

from tasklog.models import LogChunk, TaskLogLine
from tasklog.search import chunks
from tasklog.search.bounded import TooSlow, bounded
from tasklog.search.condition import line_of
from tasklog.search.hunt import Hunt
from tasklog.search.names import in_full
from tasklog.search.rows import batch_size, ends, fetch, worth_a_look
from tasklog.search.terms import After, Before, microseconds

# Runs listed at once, and how many of their lines are looked through by one statement.
LISTED = 500
TOGETHER = 50_000
# A run larger than that is looked through in windows of this many lines.
WINDOW = 100_000
# A run's last words may come after its end, and clocks differ between hosts.
SLACK = timedelta(minutes=1)
END = chunks.END
COLUMNS = ("task_id", "created_at", "name", "state", "queue", "worker", "line_count")


class Place(NamedTuple):
    """The lines of this run below `number` come next, then the runs before it."""

    created: int
    number: int
    task_id: str


Run = Any


def narrows(hunt: Hunt) -> bool:
    """Whether the query itself asks for certain runs."""
    query = hunt.condition.query
    return bool(query.of_runs) or any(isinstance(t.what, After | Before) for t in query.terms)


def walk(hunt: Hunt, visible: Any, below: Place | None) -> Place | None:
    """Looks through the runs from `below` on; where to go on, None at the end."""
    names = in_full(hunt.condition.query.of_runs)
    wanted = visible.filter(hunt.condition.runs, _in_time(hunt), names)
    for runs in _portions(hunt, wanted, below):
        resumed = below.number if below and below.task_id == runs[0].task_id else 0
        if stopped := _search(hunt, runs, resumed):
            return stopped
    return None


def _in_time(hunt: Hunt) -> Q:
    """Runs that could have said something in the time asked for."""
    found = Q()
    for term in hunt.condition.query.terms:
        if not isinstance(term.what, After | Before):
            continue
        if isinstance(term.what, After) != term.negated:
            found &= Q(finished_at=None) | Q(finished_at__gte=term.what.at - SLACK)
        else:
            found &= Q(created_at__lte=term.what.at + SLACK)
    return found


def _portions(hunt: Hunt, wanted: Any, below: Place | None) -> Iterator[list[Run]]:
    """The runs asked for, newest first: small ones together, large and archived ones alone."""
    while runs := _listed(wanted, below):
        owners = LogChunk.objects.filter(task_id__in=[run.task_id for run in runs]).order_by()
        alone = {*owners.values_list("task_id", flat=True).distinct(), below and below.task_id}
        portion: list[Run] = []
        for run in filter(hunt.condition.keeps_run, runs):
            if portion and (run.task_id in alone or _lines(portion) + run.line_count > TOGETHER):
                yield portion
                portion = []
            portion.append(run)
            if run.task_id in alone:
                yield portion
                portion = []
        if portion:
            yield portion
        if len(runs) < LISTED:
            return
        below = _place(runs[-1], 0)


def _listed(wanted: Any, below: Place | None) -> list[Run]:
    if below is not None:
        at = moment(below.created)
        same = Q(task_id__lte=below.task_id) if below.number else Q(task_id__lt=below.task_id)
        wanted = wanted.filter(created_at__lte=at).filter(Q(created_at__lt=at) | same)
    return list(wanted.only(*COLUMNS).order_by("-created_at", "-task_id")[:LISTED])


def _search(hunt: Hunt, runs: list[Run], below: int = 0) -> Place | None:
    """Looks through these runs in order; where it stopped, None when it went through."""
    if len(runs) == 1:
        stopped = _one(hunt, runs[0], below or END)
        place = _place(runs[0], stopped or 0)
        return place if stopped or hunt.over else None
    try:
        with bounded(hunt.patience):
            found = fetch(hunt, TaskLogLine.objects.filter(task_id__in=[r.task_id for r in runs]))
    except TooSlow:
        found = None
    if found is not None and len(found) < batch_size(hunt):
        return _offer(hunt, runs, found)
    half = len(runs) // 2
    return _search(hunt, runs[:half]) or _search(hunt, runs[half:])


def _offer(hunt: Hunt, runs: list[Run], found: list[tuple[Any, ...]]) -> Place | None:
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for row in worth_a_look(hunt, found):
        rows.setdefault(row[1], []).append(row)
    for run in runs:
        for row in rows.get(run.task_id, ()):
            hunt.offer(run.task_id, line_of(row))
            if hunt.full:
                return _place(run, row[2])
        hunt.looked(run.line_count, microseconds(run.created_at))
    return _place(runs[-1], 0) if hunt.over else None


def _one(hunt: Hunt, run: Run, below: int) -> int | None:
    """Looks through one run from its end; the number below which to go on, None when through."""
    rows = TaskLogLine.objects.filter(task_id=run.task_id, number__lt=below)
    low, high = ends(rows, "number")
    top = high + 1
    while top > low:
        before, top = top, _window(hunt, rows, max(low, top - WINDOW), top)
        hunt.looked(before - top, microseconds(run.created_at))
        if run.task_id in hunt.sated:
            return None
        if hunt.over:
            return top
    return _archived(hunt, run, min(below, top) if high > 0 else below)


def _window(hunt: Hunt, rows: Any, bottom: int, top: int) -> int:
    """Looks at bottom ≤ number < top; returns the number down to which all was looked at."""
    try:
        with bounded(hunt.patience):
            found = fetch(hunt, rows.filter(number__gte=bottom, number__lt=top), "-number")
    except TooSlow:
        return top if top - bottom < WINDOW else _window(hunt, rows, top - WINDOW // 50, top)
    for row in worth_a_look(hunt, found):
        hunt.offer(row[1], line_of(row))
        if hunt.full:
            return int(row[2])
    return int(found[-1][2]) if len(found) == batch_size(hunt) else bottom


def _archived(hunt: Hunt, run: Run, below: int) -> int | None:
    chunks_of = LogChunk.objects.filter(task_id=run.task_id, first__lt=below).order_by("-first")
    for chunk in chunks.opened(chunks_of.values_list("id", flat=True)):
        stopped = chunks.search(hunt, chunk, below)
        if run.task_id in hunt.sated:
            return None
        if stopped is not None or hunt.over:
            return stopped or chunk.first
    return None


def _lines(runs: Iterable[Run]) -> int:
    return sum(run.line_count for run in runs)


def _place(run: Run, number: int) -> Place:
    return Place(microseconds(run.created_at), number, run.task_id)


def moment(at: int) -> datetime:
    """The time of so many microseconds since 1970 UTC.  Raises ValueError, OverflowError."""
    seconds, micro = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)
