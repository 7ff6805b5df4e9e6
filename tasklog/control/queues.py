"""The queues: how many wait in each, since when, who takes them, and how it was before.  WEB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from tasklog.control.depths import Depth, depths
from tasklog.control.link import BrokerAway
from tasklog.control.models import QueueSample, latest_slots
from tasklog.control.samples import known_names
from tasklog.control.workers import Roster
from tasklog.models import TaskRun
from tasklog.states import State

# Throughput is that of so many minutes, counted among so many newest runs.
MINUTES, AMONG = 5, 5000
# The oldest of each queue is looked for among so many of the oldest runs that wait.
OLDEST = 2000


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue as the pages and the API show it; None: nobody could tell."""

    name: str
    depth: int | None
    consumers: int | None
    workers: tuple[str, ...] = ()
    oldest: datetime | None = None
    per_minute: float = 0.0
    # The throughput counts only what was looked at: there is more.
    at_least: bool = False

    @property
    def deserted(self) -> bool:
        """Nobody consumes this; something waits, or would."""
        return self.consumers == 0

    @property
    def stuck(self) -> bool:
        return self.deserted and bool(self.depth)


@dataclass(frozen=True, slots=True)
class QueueList:
    queues: list[Queue]
    problem: str = ""


def queue_list(user: Any, roster: Roster | None = None) -> QueueList:
    """Every queue that is known, those that need somebody first; at most 2 seconds.

    `roster`: what the workers answered, where they were asked; else the last sample tells who
    consumes.
    """
    takers = takers_of(roster)
    names = known_names(takers)
    depth, problem = _depths_now(names)
    last, oldest, rates = latest(), _oldest(user), _rates(user)
    found = [
        _queue(name, depth.get(name), last.get(name), takers, _heard_all(roster), oldest, rates)
        for name in names
    ]
    return QueueList(sorted(found, key=lambda queue: (not queue.stuck, queue.name)), problem)


def takers_of(roster: Roster | None) -> dict[str, list[str]]:
    """Which workers consume each queue, as they answered."""
    found: dict[str, list[str]] = {}
    for worker in roster.workers if roster else ():
        for name in worker.answer.queues if worker.answer else ():
            found.setdefault(name, []).append(worker.name)
    return found


def latest() -> dict[str, QueueSample]:
    """The newest sample of each queue, unless it is too old to tell of now."""
    rows = QueueSample.objects.filter(slot__gte=latest_slots()).order_by("slot")
    return {row.queue: row for row in rows}


def stuck_queues() -> list[QueueSample]:
    """Queues in which something waits and nobody takes it."""
    return [row for row in latest().values() if row.depth and row.consumers == 0]


def _heard_all(roster: Roster | None) -> bool:
    """Whether the answers alone can say that nobody consumes a queue."""
    asked = roster is not None and roster.asked and not roster.problem
    return asked and not any(w.silent_when_asked for w in (roster.workers if roster else ()))


def _depths_now(names: list[str]) -> tuple[Mapping[str, Depth], str]:
    try:
        return depths(names), ""
    except BrokerAway as away:
        return {}, str(away)


def _queue(
    name: str,
    depth: Depth | None,
    last: QueueSample | None,
    takers: dict[str, list[str]],
    heard_all: bool,
    oldest: Mapping[str, datetime],
    rates: tuple[Mapping[str, float], bool],
) -> Queue:
    workers = tuple(takers.get(name, ()))
    consumers = depth.consumers if depth else None
    if consumers is None:
        consumers = len(workers) if workers or heard_all else last.consumers if last else None
    return Queue(
        name, depth.messages if depth else None, consumers, workers, oldest.get(name),
        rates[0].get(name, 0.0), rates[1],
    )  # fmt: skip


def _oldest(user: Any) -> dict[str, datetime]:
    """Since when the oldest run of each queue waits; walks the index (state, created_at)."""
    waiting = TaskRun.objects.visible_to(user).filter(state=State.PENDING).order_by("created_at")
    found: dict[str, datetime] = {}
    for queue, queued, created in waiting.values_list("queue", "queued_at", "created_at")[:OLDEST]:
        found.setdefault(queue, queued or created)
    return found


def _rates(user: Any) -> tuple[dict[str, float], bool]:
    """Runs that ended a minute, by queue; walks the index finished_at."""
    since = timezone.now() - timedelta(minutes=MINUTES)
    ended = TaskRun.objects.visible_to(user).filter(finished_at__gte=since).order_by("-finished_at")
    names = list(ended.values_list("queue", flat=True)[:AMONG])
    return {name: n / MINUTES for name, n in Counter(names).items()}, len(names) == AMONG
