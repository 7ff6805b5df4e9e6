"""All lines that are still rows, newest first, in windows of ids that grow while time is left.

WEB.  The primary key is the only index this needs; with the trigram index a rare text is found
without any windows.
"""

from __future__ import annotations

import re
import time
from typing import Any

from django.db.models import Max, Min

from tasklog.models import TaskLogLine
from tasklog.search import trigram
from tasklog.search.bounded import TooSlow, bounded
from tasklog.search.condition import COLUMNS, line_of
from tasklog.search.hunt import Hunt

# Ids in a window: the first answers a common word at once, the largest takes about 0.1 s.
FIRST, SMALLEST, LARGEST = 20_000, 500, 400_000
# Rows fetched at once: few where SQL decides, more where most of them are looked at in Python.
SURE, UNSURE = 200, 2_000
# How long the trigram index is given before the windows take over (seconds).
INDEX_SECONDS = 0.4


def walk(hunt: Hunt, below: int | None) -> int | None:
    """Looks through rows with a smaller id than `below`; the id to go on below, None at the end."""
    low, high = ends(TaskLogLine.objects, "id")
    top = high + 1 if below is None else min(below, high + 1)
    if top <= low:
        return None
    start, size = top, FIRST
    if below is None:
        # A common word fills the page from the newest lines alone, quicker than by any index.
        top = _peek(hunt, low, top)
    top = _by_index(hunt, low, top)
    # However little time there is, each page gets further.
    while top > low and not (hunt.over and top < start):
        began = time.monotonic()
        try:
            top = _window(hunt, max(low, top - size), top, hunt.patience)
        except TooSlow:
            if size <= SMALLEST:
                break
            size = max(SMALLEST, size // 4)
            continue
        size = _next_size(size, time.monotonic() - began)
    hunt.looked(0, _moment(top))
    return top if top > low else None


def ends(rows: Any, column: str) -> tuple[int, int]:
    """The smallest and the largest value; asked one by one, each is one step into an index."""
    low = rows.aggregate(end=Min(column))["end"]
    return (low, rows.aggregate(end=Max(column))["end"]) if low is not None else (0, -1)


def _next_size(size: int, took: float) -> int:
    if took < 0.06:
        return min(LARGEST, size * 2)
    return max(SMALLEST, size // 2) if took > 0.2 else size


def _window(hunt: Hunt, bottom: int, top: int, seconds: float) -> int:
    """Looks at bottom ≤ id < top; returns the id down to which all was looked at."""
    rows = TaskLogLine.objects.filter(id__gte=bottom, id__lt=top)
    with bounded(seconds):
        found = fetch(hunt, rows)
        reached = _offer(hunt, found, bottom)
        hunt.looked(TaskLogLine.objects.filter(id__gte=reached, id__lt=top).count())
    return reached


def fetch(hunt: Hunt, rows: Any, order: str = "-id") -> list[tuple[Any, ...]]:
    """The newest of these rows that could be wanted, one batch of them."""
    limit = batch_size(hunt)
    rows = rows.filter(hunt.condition.lines).exclude(task_id__in=hunt.sated)
    return list(rows.order_by(order).values_list(*COLUMNS)[:limit])


def worth_a_look(hunt: Hunt, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """These rows, or none of them when one look at all their messages together finds nothing."""
    if hunt.condition.exact or hunt.condition.may_be_among("\n".join(row[-1] for row in found)):
        return found
    return []


def batch_size(hunt: Hunt) -> int:
    return SURE if hunt.condition.exact else UNSURE


def _offer(hunt: Hunt, found: list[tuple[Any, ...]], bottom: int) -> int:
    for row in worth_a_look(hunt, found):
        hunt.offer(row[1], line_of(row))
        if hunt.full:
            return int(row[0])
    return int(found[-1][0]) if len(found) == batch_size(hunt) else bottom


def _moment(reached: int) -> int | None:
    row = TaskLogLine.objects.filter(id__gte=reached).order_by("id").values_list(COLUMNS[3])
    first = row.first()
    return first[0] if first else None


def _peek(hunt: Hunt, low: int, top: int) -> int:
    """Looks through the newest lines; the id down to which there was time to."""
    bottom = max(low, top - FIRST)
    try:
        while top > bottom and not hunt.over:
            top = _window(hunt, bottom, top, INDEX_SECONDS)
    except TooSlow:
        pass
    return top


def _by_index(hunt: Hunt, low: int, top: int) -> int:
    """As far as the trigram index helps; `top` where it does not exist or does not help."""
    if hunt.over:
        return top
    helps = any(re.search(r"\w{3}", word) for word in hunt.condition.words)
    if not helps or not trigram.usable():
        return top
    while top > low and not hunt.over:
        try:
            with bounded(INDEX_SECONDS):
                found = fetch(hunt, TaskLogLine.objects.filter(id__lt=top))
        except TooSlow:
            break
        top = _offer(hunt, found, low)
        hunt.indexed = True
    return top
