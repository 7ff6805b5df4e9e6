"""The workers: by their heartbeats at once, and what they answer when asked.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.control.answers import Answer, Answers, answers, answers_of
from tasklog.models import TaskRun, TaskWorker
from tasklog.querysets import database_now

# A worker that has been gone for longer is not listed; nor are more than so many.
LISTED_SECONDS = 86_400
MOST = 200
DEAD = timedelta(seconds=DEAD_AFTER_SECONDS)
STATES = ("alive", "silent", "stopped")


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker as the pages and the API show it; `answer` None: it did not answer."""

    name: str
    state: str  # one of STATES
    row: TaskWorker
    asked: bool = False
    answer: Answer | None = None

    @property
    def silent_when_asked(self) -> bool:
        return self.asked and self.answer is None and self.state != "stopped"


@dataclass(frozen=True, slots=True)
class Roster:
    """All of them, and what stood in the way of asking."""

    workers: list[Worker]
    asked: bool = False
    problem: str = ""


def roster(*, asking: bool) -> Roster:
    """Everybody heard of within a day, the living first.  Asking takes a second at most."""
    rows, now = _rows(), database_now()
    if not asking:
        return Roster(sorted((_worker(row, now) for row in rows), key=_rank))
    said = answers([row.name for row in rows if state_of(row, now) == "alive"])
    known = {row.name for row in rows}
    rows += [TaskWorker(name=name) for name in said.by if name not in known]
    return Roster(sorted((_worker(row, now, said) for row in rows), key=_rank), True, said.problem)


def find_worker(name: str, *, asking: bool) -> tuple[Worker | None, str]:
    """One worker and what stood in the way of asking; None where nobody has heard of it."""
    row, now = TaskWorker.objects.filter(name=name).first(), database_now()
    if row is None:
        return None, ""
    if not asking or state_of(row, now) == "stopped":
        return _worker(row, now), ""
    said = answers_of(name)
    return _worker(row, now, said), said.problem


def state_of(row: TaskWorker, now: datetime) -> str:
    """Stopped is said goodbye; one that was only found silent has been marked much later."""
    if row.stopped_at is not None:
        return "stopped" if row.stopped_at - row.seen_at < DEAD else "silent"
    return "alive" if row.seen_at > now - DEAD else "silent"


def alive_names() -> list[str]:
    """Who should answer: everybody with a fresh heartbeat."""
    fresh = TaskWorker.objects.filter(stopped_at=None, seen_at__gt=database_now() - DEAD)
    return list(fresh.values_list("name", flat=True)[:MOST])


def visible_names(user: Any, ids: Iterable[str]) -> dict[str, str]:
    """Of these task ids the runs this person may see, with their names."""
    wanted = [one for one in ids if one and "\0" not in one]
    visible = TaskRun.objects.visible_to(user)
    return dict(visible.filter(pk__in=wanted).values_list("pk", "name"))


def _rows() -> list[TaskWorker]:
    since = database_now() - timedelta(seconds=LISTED_SECONDS)
    return list(TaskWorker.objects.filter(seen_at__gte=since).order_by("-seen_at")[:MOST])


def _worker(row: TaskWorker, now: datetime, said: Answers | None = None) -> Worker:
    found = said.by.get(row.name) if said else None
    state = "alive" if found else state_of(row, now)
    return Worker(row.name, state, row, bool(said and not said.problem), found)


def _rank(worker: Worker) -> tuple[int, str]:
    return STATES.index(worker.state), worker.name
