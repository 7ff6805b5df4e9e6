"""The one door to stored lines; nobody else knows where a line lives.  BOTH.

Every window is bounded and walks the index (task, number), so it costs the same at line 100 and
at line 1,000,000.  Archiving takes the lowest numbers first, so a run's chunks always stand
before its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db.models import Max

from tasklog.archive import chunk_reader
from tasklog.archive.archiving import last_archived
from tasklog.archive.only import Only
from tasklog.archive.rows import PART, chars_of, lines_of, next_numbers
from tasklog.line import Line
from tasklog.models import LogChunk, TaskLogLine
from tasklog.querysets import LineQuerySet

WINDOW = 1000
# Text that is read at a time where all of a log is read.
CHARS = 2 * 1024 * 1024


def read_lines(
    task_id: str,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int = WINDOW,
    newest: bool = False,
    **only: Any,
) -> list[Line]:
    """At most `limit` lines with after < number < before, in order.

    The first ones, or with `newest` the last ones.  `only` narrows them, see `Only`.
    """
    wanted = Only(**only)
    if not newest and (rows := _next_numbers(task_id, after, before, limit, wanted)):
        return rows
    # Rows stand behind the chunks.  PostgreSQL keeps what was archived in the index for a while:
    # looking through all of it for a row took 92 ms at 1,000,000 lines.
    behind = max(after, last_archived(task_id))
    if newest:
        rows = _newest_rows(task_id, behind, before, limit, wanted)
        before = rows[0].number if rows else before
        return _chunked(task_id, after, before, limit - len(rows), wanted, newest=True) + rows
    # Rows first in either direction: those that become a chunk meanwhile are then seen twice,
    # which can be told, and not missed.
    asked = (task_id, behind, before, limit, wanted)
    rows = (behind > after and _next_numbers(*asked)) or _first_rows(*asked)
    first = _chunked(task_id, after, before, limit, wanted, newest=False)
    if not first:
        return rows
    return (first + [line for line in rows if line.number > first[-1].number])[:limit]


def iter_lines(task_id: str, **words: Any) -> Iterator[Line]:
    """All of them, one by one; `words` as for `iter_windows`."""
    return chain.from_iterable(iter_windows(task_id, **words))


def iter_windows(
    task_id: str, *, after: int = 0, before: int | None = None, window: int = 5_000, **only: Any
) -> Iterator[list[Line]]:
    """All of them, a chunk or at most `window` rows at a time, fewer where lines are long: constant
    memory, and no cursor held open between two.  No window is empty.
    """
    for last, lines in chunk_reader.each(task_id, after, before, Only(**only)):
        if lines:
            yield lines
        after = last
    part = min(PART, window)
    while lines := read_lines(task_id, after=after, before=before, limit=part, **only):
        yield lines
        if len(lines) < part:
            return
        after = lines[-1].number
        part = max(1, min(window, CHARS * part // max(chars_of(lines), 1)))


def count_lines(task_id: str, *, after: int = 0, before: int | None = None, **only: Any) -> int:
    """How many there are.  Walks the rows: milliseconds per 10,000 lines."""
    wanted = Only(**only)
    rows = wanted.narrow(_between(task_id, after, before)).count()
    return rows + chunk_reader.count(task_id, after, before, wanted)


def _next_numbers(
    task_id: str, after: int, before: int | None, limit: int, only: Only
) -> list[Line]:
    """What the next numbers are, where that is the whole answer: then no chunk has any of them."""
    if not only.everything or (before is not None and before <= after + limit):
        return []
    return next_numbers(_between(task_id, 0, None), after, limit, only.cut)


def _first_rows(task_id: str, after: int, before: int | None, limit: int, only: Only) -> list[Line]:
    found = only.narrow(_between(task_id, after, before)).order_by("number")
    return lines_of(found[:limit], only.cut)


def _newest_rows(
    task_id: str, after: int, before: int | None, limit: int, only: Only
) -> list[Line]:
    """The same from the other end."""
    if only.everything:
        end = _last_number(task_id, after) + 1 if before is None else before
        near = _between(task_id, max(after, end - limit - 1), end)
        rows = lines_of(near.order_by("number"), only.cut)
        if len(rows) == limit:
            return rows
    found = only.narrow(_between(task_id, after, before)).order_by("-number")
    return lines_of(found[:limit], only.cut)[::-1]


def _last_number(task_id: str, after: int) -> int:
    last = _between(task_id, after, None).aggregate(last=Max("number"))["last"]
    return int(last or 0)


def _between(task_id: str, after: int, before: int | None) -> LineQuerySet:
    rows: LineQuerySet = TaskLogLine.objects.filter(task_id=task_id)
    if after:
        rows = rows.after(after)
    return rows if before is None else rows.before(before)


def _chunked(
    task_id: str, after: int, before: int | None, limit: int, only: Only, *, newest: bool
) -> list[Line]:
    """From the chunks; most runs have none, and that costs one look into an index."""
    if limit <= 0 or not LogChunk.objects.filter(task_id=task_id).exists():
        return []
    return chunk_reader.read(task_id, after, before, limit, only, newest=newest)
