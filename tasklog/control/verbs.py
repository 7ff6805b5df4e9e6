"""What a person can do to a worker; each verb is an `Action` with its arguments.  WEB.

Every effect tells what the worker answered.  Without an answer it is "unknown": a worker that is
frozen does it when it wakes, one that is started anew never hears of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasklog.control.actions import Action, Outcome, done, failed, unknown
from tasklog.control.answers import forget, read
from tasklog.control.arguments import (
    Arguments,
    Limits,
    QueueName,
    Range,
    Rate,
    Size,
)
from tasklog.control.ask import SECONDS, ask
from tasklog.control.link import BrokerAway
from tasklog.control.models import QueueSample, latest_slots
from tasklog.models import TaskWorker
from tasklog.roles import Role

# A prefork pool starts and ends its processes at its next look after itself (seconds).
POOL_SECONDS = 6.0
_sizes: dict[str, tuple[float, int]] = {}

# What workers answer in a few words, and what helps.
_HINTS = {
    "Autoscale not enabled": "It was started without --autoscale, so it cannot scale by itself.",
    "Pool restarts not enabled": "Set CELERY_WORKER_POOL_RESTARTS = True and start it again.",
    "All processes busy": "Every process is busy; try again when a task has ended.",
    "has no attribute": "Its pool cannot do this while it runs.",
    "NotImplementedError": "Its pool cannot do this while it runs.",
    "not supported with autoscale": "It scales by itself: change its range instead.",
    "unknown task": "It knows no task of this name; the list below has those it knows.",
}


@dataclass(frozen=True, slots=True)
class Verb:
    """An action on one worker: its address, its arguments, and what it will do in a sentence."""

    name: str
    action: Action
    sentence: str
    arguments: type[Arguments] = Arguments

    def named(self, worker: str, given: Mapping[str, Any]) -> str:
        """How the audit trail calls it: which worker, and what it was told."""
        told = [f"{name} {value}" for name, value in given.items() if value not in ("", None)]
        return ", ".join([worker, *told])


def _tell(worker: str, command: str, **arguments: Any) -> Outcome:
    """Sends one command and says what the worker answered."""
    try:
        said = ask({command: arguments}, [worker], only=True)
    except BrokerAway as away:
        return failed(f"Nothing was sent. {away}")
    finally:
        forget()
    if worker not in said:
        return no_answer(worker)
    return _answered(worker, said[worker][command])


def no_answer(worker: str) -> Outcome:
    return unknown(f"Unknown: {worker} gave no answer in {SECONDS:.0f} s; it may still happen.")


def _answered(worker: str, answer: Any) -> Outcome:
    if isinstance(answer, dict) and "ok" in answer:
        return done(f"{worker} answered: {answer['ok']}.", answer)
    error = str(answer.get("error", answer) if isinstance(answer, dict) else answer)[:300]
    hint = next((told for sign, told in _HINTS.items() if sign in error), error)
    return failed(f"{worker} refused. {hint}", answer)


def _resize(worker: str, *, size: int) -> Outcome:
    """Asks how many there are, and for the difference: told twice it happens once."""
    now = _told_size(worker) or _size_of(worker)
    if now is None:
        return no_answer(worker)
    if now == size:
        return done(f"{worker} has {size} already; nothing to do.")
    command = "pool_grow" if size > now else "pool_shrink"
    outcome = _tell(worker, command, n=abs(size - now))
    if outcome.done:
        _sizes[worker] = (time.monotonic() + POOL_SECONDS, size)
        return done(f"{outcome.told} It had {now}; it has {size} within {POOL_SECONDS:.0f} s.")
    return outcome


def _told_size(worker: str) -> int | None:
    """What a pool was told lately and cannot show yet."""
    until, size = _sizes.get(worker, (0.0, 0))
    return size if time.monotonic() < until else None


def _size_of(worker: str) -> int | None:
    try:
        said = ask({"stats": {}}, [worker], only=True).get(worker, {})
    except BrokerAway:
        return None
    return read(said).size


def _autoscale(worker: str, *, most: int, least: int) -> Outcome:
    return _tell(worker, "autoscale", max=most, min=least)


def _consume(worker: str, *, queue: str) -> Outcome:
    return _taken(queue, _tell(worker, "add_consumer", queue=queue))


def _leave(worker: str, *, queue: str) -> Outcome:
    return _taken(queue, _tell(worker, "cancel_consumer", queue=queue))


def _taken(queue: str, outcome: Outcome) -> Outcome:
    """What was counted before says nothing of who takes it now."""
    QueueSample.objects.filter(queue=queue, slot__gte=latest_slots()).update(consumers=None)
    return outcome


def _rate(worker: str, *, task: str, rate: str) -> Outcome:
    return _tell(worker, "rate_limit", task_name=task, rate_limit=rate or 0)


def _limits(worker: str, *, task: str, soft: int | None, hard: int | None) -> Outcome:
    return _tell(worker, "time_limit", task_name=task, soft=soft, hard=hard)


def _restart(worker: str) -> Outcome:
    return _tell(worker, "pool_restart")


def _shutdown(worker: str) -> Outcome:
    """A worker that shuts down answers nothing, so it is asked to answer something before."""
    try:
        said = ask({"ping": {}, "shutdown": {}}, [worker], only=True, seconds=SECONDS / 2)
    except BrokerAway as away:
        return failed(f"Nothing was sent. {away}")
    finally:
        forget()
    if worker not in said:
        return no_answer(worker)
    if _gone(worker, SECONDS / 2):
        return done(f"{worker} has shut down.")
    return unknown(
        f"{worker} heard it and has not stopped yet: it ends the tasks that it runs first."
    )


def _gone(worker: str, seconds: float) -> bool:
    """Its goodbye has been stored."""
    left = TaskWorker.objects.filter(name=worker, stopped_at__isnull=False)
    deadline = time.monotonic() + seconds
    while not (gone := left.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return gone


VERBS = {
    verb.name: verb
    for verb in (
        Verb("pool", Action("pool", "Change size", _resize),
             "Starts or ends so many processes of its pool.", Size),
        Verb("autoscale", Action("pool", "Change range", _autoscale),
             "It starts and ends processes by itself, within this range.", Range),
        Verb("consume", Action("consumer", "Consume", _consume),
             "It takes tasks from this queue as well, until it is started again.", QueueName),
        Verb("leave", Action("consumer", "Leave queue", _leave, dangerous=True),
             "It takes no more tasks from this queue until it is started again. What waits there "
             "waits for other workers.", QueueName),
        Verb("rate", Action("limit", "Limit rate", _rate),
             "It starts this task no more often, until it is started again.", Rate),
        Verb("limits", Action("limit", "Limit time", _limits),
             "Runs of this task that start from now on get these limits.", Limits),
        Verb("restart", Action("restart", "Restart pool", _restart, Role.ADMINISTRATOR, True),
             "All its processes are replaced. Tasks that they run are cut off, and delivered "
             "again only where they are acknowledged late."),
        Verb("shutdown", Action("shutdown", "Shut down", _shutdown, Role.ADMINISTRATOR, True),
             "It takes no more tasks, ends those that it runs, and leaves. Whatever started it "
             "may start it again."),
    )
}  # fmt: skip
