"""Purging a queue: its messages go, and the run of every one of them is ended.  WEB.

A part is settled before the broker is told to forget it, or is put back when it cannot be: no
message is gone for good whose run waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from django.utils import timezone

from tasklog.capture.wanted import may_be_wanted
from tasklog.control.actions import Action, Outcome, done, unknown
from tasklog.control.depths import depth_of
from tasklog.control.link import BrokerAway, link
from tasklog.control.taking import Message, Taker, taker_of
from tasklog.models import TaskRun
from tasklog.roles import Role
from tasklog.states import Cause, State

# What is left after so long (seconds) stays: a page waits for the answer.
SECONDS = 20.0


class Thrown(NamedTuple):
    """How many messages went, how many of them named no task; how many there was no time for."""

    messages: int
    unnamed: int = 0
    left: int = 0


def purge(name: str, settle: Callable[[list[Message]], None]) -> Thrown:
    """Throws away what waits at this moment; `settle` ends the runs of a part.

    Raises `BrokerAway`, and what `settle` raises: its part waits again then.
    """
    with link() as connection, connection.channel() as channel:
        waiting = depth_of(connection, name).messages
        taker = taker_of(connection, channel, name)
        gone = unnamed = 0
        deadline = time.monotonic() + SECONDS
        # Not until it is empty: a publisher in a loop would keep it going.
        while gone < waiting and (part := taker.take()):
            named = [message for message in part if message.task_id]
            _settle(taker, named, settle)
            gone, unnamed = gone + len(part), unnamed + len(part) - len(named)
            if time.monotonic() >= deadline:
                return Thrown(gone, unnamed, depth_of(connection, name).messages)
        return Thrown(gone, unnamed)


def _settle(taker: Taker, named: list[Message], settle: Callable[[list[Message]], None]) -> None:
    try:
        settle(named)
    except BaseException:
        taker.give_back()
        raise
    taker.forget()


def _purge(name: str) -> Outcome:
    ends = Ending(name)
    try:
        thrown = purge(name, ends)
    except BrokerAway as away:
        if not ends.messages:
            return unknown(f"Perhaps nothing was thrown away. {away}")
        return unknown(f"{_thrown(ends.messages, name)} Perhaps more. {away}", ends.messages)
    if not thrown.messages:
        return done(f"{name} was empty.", 0)
    told = _thrown(thrown.messages, name)
    if thrown.unnamed:
        told += f" {thrown.unnamed:,} of them named no task: if one had a run, it goes on waiting."
    if thrown.left:
        told += f" {thrown.left:,} are left after {SECONDS:.0f} seconds: purge again to go on."
    return done(told, thrown.messages)


def _thrown(count: int, name: str) -> str:
    return f"{count:,} message{'' if count == 1 else 's'} thrown away from {name}."


class Ending:
    """Ends the runs of messages: without its message one waits for ever.

    One that a worker has all the same begins anew.
    """

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.reason = f"its message was thrown away from the queue {queue}"
        self.messages = 0

    def __call__(self, part: list[Message]) -> None:
        self._make(part)
        waiting = TaskRun.objects.filter(
            pk__in=[message.task_id for message in part], state__in=[State.PENDING, State.RETRY]
        )
        waiting.update(
            state=State.REVOKED, cause=Cause.REVOKED, reason=self.reason, finished_at=timezone.now()
        )
        self.messages += len(part)

    def _make(self, part: list[Message]) -> None:
        """Behind a flood the drainer may not have heard of them yet, and would have them wait."""
        ours = {one.task_id: one.name for one in part if one.kept and may_be_wanted(one.name)}
        known = TaskRun.objects.filter(pk__in=ours).values_list("pk", flat=True)
        missing = ours.keys() - set(known)
        rows = [TaskRun(pk=pk, name=ours[pk], queue=self.queue[:255]) for pk in missing]
        TaskRun.objects.bulk_create(rows, ignore_conflicts=True)


PURGE = Action("purge", "Purge", _purge, Role.ADMINISTRATOR, dangerous=True)
