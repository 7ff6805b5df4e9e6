"""The four questions every fault is asked: conservation, never blocked, liveness, honesty."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connections
from django.db.models import Model

from conftest import wait_for
from tasklog.models import Drainer, TaskAttempt, TaskLogLine, TaskRun
from tasklog.tests.faults import figures
from tasklog.tests.faults.truth import Truth

_NUMBERED = re.compile(r"line (\d+)")
_DROPPED = re.compile(r"([\d,]+) lines were dropped here")


def rows(model: type[Model], using: str) -> Any:
    """The model's rows in that database.

    Opened by hand: Django refuses to do so for a database that came after the test began.
    """
    if connections[using].connection is None:
        connections[using].connect()
    return model._default_manager.using(using)


@dataclass
class Emission:
    """One task that prints numbered lines: what it says itself, and what was stored of it."""

    task_id: str
    truth: Truth
    using: str = "default"
    explain: Any = field(default=lambda: "", repr=False)

    @property
    def run(self) -> TaskRun:
        """As it is stored now; an unsaved one while nobody has heard of it or can be asked."""
        try:
            return rows(TaskRun, self.using).get(pk=self.task_id)
        except (DatabaseError, TaskRun.DoesNotExist):
            connections[self.using].close()
            return TaskRun()

    @property
    def attempts(self) -> list[TaskAttempt]:
        return list(rows(TaskAttempt, self.using).filter(task_id=self.task_id))

    def messages(self, stream: str = "stdout") -> list[str]:
        """The stored lines of one stream, in the order of their numbers."""
        lines = rows(TaskLogLine, self.using).filter(task_id=self.task_id, stream=stream)
        return list(lines.order_by("number").values_list("message", flat=True))

    def numbers(self) -> list[int]:
        """The emitter's own numbers, as they were stored."""
        return [int(found[1]) for text in self.messages() if (found := _NUMBERED.match(text))]

    def started(self, calls: int = 1) -> None:
        """Returns once that many calls have returned."""
        wait_for(lambda: self.truth.calls >= calls, figures.allowed(30), self.explain)

    def ended(self, within: float) -> TaskRun:
        """The finished run; fails when it is not finished within so many seconds."""
        wait_for(lambda: self.run.finished, figures.allowed(within), self.explain)
        return self.run


def assert_conserved(emission: Emission, *, killed: bool = False) -> None:
    """Emitted = stored + counted as dropped, nothing twice, in order.

    A line that was printed when the kill came, and not yet counted, may be there: with `killed`
    one more is right.
    """
    numbers, printed = emission.numbers(), emission.truth.calls
    dropped = emission.run.dropped_count
    if not dropped:
        assert numbers == list(range(1, len(numbers) + 1))
    assert numbers == sorted(set(numbers))
    assert len(numbers) + dropped - printed in ((0, 1) if killed else (0,))


def assert_never_blocked(emission: Emission) -> None:
    """No call waited longer than promised, nor did all of them together."""
    truth = emission.truth
    assert truth.worst <= figures.allowed(figures.CALL), f"one call waited {truth.worst:.3f} s"
    most = min(figures.WAITED, max(figures.SHARE * truth.seconds, figures.CALL))
    assert truth.waited <= figures.allowed(most), f"waited {truth.waited:.3f} s in all"


def assert_alive(fresh: Emission, within: float = figures.FRESH) -> None:
    """A task sent after the fault is complete in time, and nothing waits in the spool."""
    assert fresh.ended(within).state == "SUCCESS"
    assert_conserved(fresh)
    wait_for(lambda: _waiting(fresh.using) == 0, figures.allowed(within), fresh.explain)


def _waiting(using: str) -> int | None:
    """Bytes the newest drainer has not stored yet; None while nobody can be asked."""
    with suppress(DatabaseError):
        newest = rows(Drainer, using).order_by("-seen_at").first()
        return None if newest is None else newest.waiting_bytes
    connections[using].close()
    return None


def assert_honest(emission: Emission) -> None:
    """What is missing is marked and counted alike in log and receipt; nothing else is."""
    run, dropped = emission.run, sum(attempt.dropped for attempt in emission.attempts)
    marks = [_DROPPED.match(text) for text in emission.messages("system")]
    marked = sum(int(mark[1].replace(",", "")) for mark in marks if mark)
    assert run.dropped_count == dropped == marked
    for attempt in emission.attempts:
        assert attempt.finished_at is not None
        if attempt.emitted is not None:
            assert attempt.emitted == attempt.stored + attempt.dropped
    if run.state != "SUCCESS":
        assert run.reason or run.exception
