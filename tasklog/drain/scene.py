"""The scene of a death: what was known around an attempt at the moment it ended badly.  HOST.

Kept with the attempt, because all of it passes: the worker's next heartbeat overwrites the last,
and who else ran there is nowhere written down.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tasklog.drain.text import name
from tasklog.models import TaskAttempt, TaskWorker

if TYPE_CHECKING:
    from tasklog.drain.book import Book

Scene = dict[str, Any]

# So many tasks that ran beside a dead one are kept; workers name as many.
BESIDE = 20
# Open attempts of one worker that are looked at.
_MOST = 1000
_STARTED, _DIED, _ENDED = range(3)


def given(data: dict[str, Any]) -> Scene:
    """What the record itself says of the scene: sizes in bytes, moments in seconds since 1970."""
    said = data.get("scene")
    if not isinstance(said, dict):
        return {}
    found: Scene = {key: size(said.get(key)) for key in ("rss", "used", "limit")}
    found |= {key: moment(said.get(key)) for key in ("heard_at", "sampled_at")}
    found["whose"] = name(said.get("whose"), 16)
    found = {key: value for key, value in found.items() if value}
    if isinstance(said.get("beside"), list):
        found["beside"] = [name(task_id) for task_id in said["beside"][:BESIDE]]
    return found


def complete(book: Book) -> None:
    """Adds what the database knows of the workers whose attempts died in this book."""
    by_worker: dict[str, list[TaskAttempt]] = defaultdict(list)
    for attempt in book.died:
        by_worker[attempt.worker].append(attempt)
    for worker, died in by_worker.items():
        heard = TaskWorker.objects.filter(pk=worker).first()
        beside = overlaps(died, _colleagues(book, worker)) if worker else {}
        for attempt in died:
            known = {"beside": beside.get(id(attempt), []), **_heard(heard, attempt)}
            book.change(attempt, scene=known | (attempt.scene or {}))


def _heard(worker: TaskWorker | None, attempt: TaskAttempt) -> Scene:
    """Its last heartbeat; nothing where that is of a later worker with the same name."""
    if worker is None or (worker.started_at and worker.started_at > attempt.started_at):
        return {}
    memory = worker.memory
    found = {"heard_at": worker.seen_at.timestamp()}
    found |= {key: memory[key] for key in ("used", "limit", "whose") if memory.get(key)}
    if rss := memory.get("processes", {}).get(str(attempt.pid)):
        found |= {"rss": rss, "sampled_at": memory["at"]}
    return found


def _colleagues(book: Book, worker: str) -> Iterable[TaskAttempt]:
    """The worker's attempts: those open in the database, and those in the book, which are newer."""
    rows = TaskAttempt.objects.filter(worker=worker, finished_at=None)
    found = {row.uuid: row for row in rows.only("uuid", "task_id", "started_at")[:_MOST]}
    for siblings in book.attempts.values():
        found |= {one.uuid: one for one in siblings.values() if one.worker == worker}
    return found.values()


def overlaps(died: Iterable[TaskAttempt], attempts: Iterable[TaskAttempt]) -> dict[int, list[str]]:
    """The task ids that ran when each of them died, by the `id()` of the dead attempt.

    Walks the moments in their order, so that a flood of failures costs no more than sorting it.
    """
    running: dict[str, None] = {}
    found: dict[int, list[str]] = {}
    for _, kind, attempt in _moments(died, attempts):
        if kind == _STARTED:
            running[attempt.task_id] = None
        elif kind == _ENDED:
            running.pop(attempt.task_id, None)
        else:
            others = (task_id for task_id in running if task_id != attempt.task_id)
            found[id(attempt)] = list(islice(others, BESIDE))
    return found


def _moments(
    died: Iterable[TaskAttempt], attempts: Iterable[TaskAttempt]
) -> list[tuple[datetime, int, TaskAttempt]]:
    moments = []
    for attempt in attempts:
        moments.append((attempt.started_at, _STARTED, attempt))
        if attempt.finished_at:
            moments.append((attempt.finished_at, _ENDED, attempt))
    moments += [(one.finished_at, _DIED, one) for one in died if one.finished_at]
    return sorted(moments, key=itemgetter(0, 1))


def memory_of(said: Any, at: float) -> dict[str, Any]:
    """A heartbeat's memory as it is kept: bytes by process id, and what there was for all."""
    if not isinstance(said, dict):
        return {}
    held = said.get("processes")
    processes = held if isinstance(held, dict) else {}
    return {
        "at": at,
        "processes": {name(pid, 16): size(rss) for pid, rss in islice(processes.items(), _MOST)},
        "used": size(said.get("used")),
        "limit": size(said.get("limit")),
        "whose": name(said.get("whose"), 16),
    }


def size(value: Any) -> int:
    """Bytes that fit the database's widest number; 0 for what is no number."""
    try:
        return min(max(int(value), 0), 2**63 - 1)
    except (TypeError, ValueError, OverflowError):
        return 0


def moment(value: Any) -> float:
    """Seconds since 1970; 0 for what is no moment."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return 0.0
    return seconds if math.isfinite(seconds) and 0 < seconds < 1 << 35 else 0.0
