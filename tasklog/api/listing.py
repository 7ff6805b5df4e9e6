"""A page of runs by keyset, at a price that does not grow with the table.  WEB.

The first filter that has an index finds candidates in order; where there are more filters, or a
text is looked for, at most REACH candidates are sifted for one page.  Such a page may be short,
even empty, and still have a `next`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from tasklog import tags
from tasklog.models import TaskRun

REACH = 10_000
# Filters with an index of their own, the narrowest first.
INDEXED = ("signature", "name", "worker", "queue")
# Those that are sifted for, by their columns.
SIFTED = {"user": "triggered_by", "schedule": "schedule", "request": "request_id"}
# What the answer does not show.
HEAVY = ("args", "kwargs", "result", "exception", "traceback")

Runs = QuerySet[TaskRun]


class Cursor(NamedTuple):
    """Between which runs a page begins; `newer` tells in which direction it goes."""

    newer: bool
    at: datetime
    task_id: str

    def pack(self) -> str:
        word = "n" if self.newer else "o"
        micro = round(self.at.timestamp() * 1_000_000)
        return base64.urlsafe_b64encode(f"{word}{micro}.{self.task_id}".encode()).decode()

    @classmethod
    def unpack(cls, text: str) -> Cursor:
        """Raises ValueError for anything that `pack` did not make."""
        try:
            word, _, task_id = base64.b64decode(text, b"-_", validate=True).decode().partition(".")
            seconds, micro = divmod(int(word[1:]), 1_000_000)
            at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)
        except (binascii.Error, UnicodeError, OverflowError, OSError) as error:
            raise ValueError(text) from error
        if word[0] not in "no" or "\0" in task_id:
            raise ValueError(text)
        return cls(word[0] == "n", at, task_id)


@dataclass(frozen=True, slots=True)
class Page:
    """Runs, newest first; the cursors of the neighbouring pages."""

    runs: list[TaskRun]
    next: Cursor | None
    previous: Cursor | None


def page_of(runs: Runs, asked: dict[str, Any]) -> Page:
    """The page for the validated parameters of `RunsQuery` (`cursor` unpacked)."""
    cursor: Cursor | None = asked["cursor"]
    newer = cursor is not None and cursor.newer
    found, edge = _take(_between(runs, asked), asked, newer)
    limit = asked["limit"]
    more, found = len(found) > limit, found[:limit]
    onward = _at(found[-1], newer) if more else _edge(edge, newer)
    back = _at(found[0], not newer) if cursor and found else None
    if newer:
        return Page(found[::-1], back, onward)
    return Page(found, onward, back)


def _between(runs: Runs, asked: dict[str, Any]) -> Runs:
    if "since" in asked:
        runs = runs.filter(created_at__gte=asked["since"])
    if "until" in asked:
        runs = runs.filter(created_at__lte=asked["until"])
    if (cursor := asked["cursor"]) is None:
        return runs
    # The plain comparison first: it is the one that bounds the walk through the index.
    if cursor.newer:
        runs = runs.filter(created_at__gte=cursor.at)
        return runs.filter(Q(created_at__gt=cursor.at) | Q(task_id__gt=cursor.task_id))
    runs = runs.filter(created_at__lte=cursor.at)
    return runs.filter(Q(created_at__lt=cursor.at) | Q(task_id__lt=cursor.task_id))


def _take(runs: Runs, asked: dict[str, Any], newer: bool) -> tuple[list[TaskRun], datetime | None]:
    """The page and one more, and where the search was cut off (None: it was not)."""
    order = ("created_at", "task_id") if newer else ("-created_at", "-task_id")
    filters = [Q(**{name: asked[name]}) for name in INDEXED if asked.get(name)]
    if asked.get("status"):
        filters.append(Q(state__in=asked["status"]))
    lane, rest = runs.filter(*filters[:1]), filters[1:]
    rest += [Q(**{column: asked[name]}) for name, column in SIFTED.items() if asked.get(name)]
    if tag := asked.get("tag"):
        rest.append(Q(name__in=tags.tasks_with(tag.lower())))
    if words := asked.get("q"):
        rest.append(_any_text(words))
    edge = _reached(lane, order[0]) if rest else None
    if edge is not None:
        lane = lane.filter(**{f"created_at__{'lte' if newer else 'gte'}": edge})
    found = lane.filter(*rest).defer(*HEAVY).order_by(*order)[: asked["limit"] + 1]
    return list(found), edge


def _any_text(words: str) -> Q:
    return (
        Q(task_id__icontains=words)
        | Q(name__icontains=words)
        | Q(args__icontains=words)
        | Q(kwargs__icontains=words)
    )


def _reached(lane: Runs, order: str) -> datetime | None:
    """When the last candidate was created."""
    last = lane.order_by(order).values_list("created_at", flat=True)[REACH : REACH + 1]
    return next(iter(last), None)


def _at(run: TaskRun, newer: bool) -> Cursor:
    return Cursor(newer, run.created_at, run.task_id)


def _edge(edge: datetime | None, newer: bool) -> Cursor | None:
    """Everything created in the edge's own microsecond has been looked at."""
    if edge is None:
        return None
    return Cursor(newer, edge, "\U0010ffff" if newer else "")
