"""A soak: numbered lines through real tasks, and what became of each of them.  HOST.

The numbers go on from task to task, so that nothing can be missing between two.  Whoever reads
along notices what no count shows: a line that comes twice, before its time, or late.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, connection

from tasklog.archive.reader import iter_lines, read_lines
from tasklog.archive.retention import delete_run
from tasklog.conf import conf
from tasklog.line import STDOUT, Line
from tasklog.live.stored import facts_of
from tasklog.states import State

# One task of the soak prints for so long, far below any time limit (seconds).
TASK_SECONDS = 60.0
# Between two looks at what is stored; a delay is known this exactly (seconds).
LOOK_SECONDS = 0.2
# Delays are counted in steps of this (seconds): a day's soak must not fill the memory.
STEP = 0.1
_NUMBERED = re.compile(r"canary (\d+)$")

# `send(first, lines)` publishes one task; returns its id.
Send = Callable[[int, int], str]


@dataclass(slots=True)
class Tally:
    """What came of the lines.  `late_after` in seconds."""

    late_after: float = 60.0
    lines: int = 0
    missing: int = 0
    doubled: int = 0
    disordered: int = 0
    late: int = 0
    tasks: int = 0
    unfinished: int = 0
    # Tasks that did not succeed, by the reason they give; their lines are checked all the same.
    badly: Counter[str] = field(default_factory=Counter)
    delays: Counter[int] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        wrong = self.missing, self.doubled, self.disordered, self.late, self.unfinished
        return not any(wrong) and self.lines > 0

    def note_delay(self, seconds: float) -> None:
        self.delays[int(max(seconds, 0.0) / STEP)] += 1
        self.late += seconds > self.late_after

    def delay(self, share: float) -> float:
        """This share of the lines was there within so many seconds."""
        wanted = share * self.delays.total()
        for step in sorted(self.delays):
            wanted -= self.delays[step]
            if wanted <= 0:
                return (step + 1) * STEP
        return 0.0


@dataclass(slots=True)
class Strand:
    """The numbers one attempt brought."""

    seen: set[int] = field(default_factory=set)
    last: int = 0

    def take(self, number: int, tally: Tally) -> None:
        if number in self.seen:
            tally.doubled += 1
        elif number < self.last:
            tally.disordered += 1
        self.seen.add(number)
        self.last = max(self.last, number)


class Leg:
    """One task of the soak: it prints the numbers `first` to `first + lines - 1`."""

    def __init__(self, task_id: str, first: int, lines: int, tally: Tally) -> None:
        self.task_id, self.first, self.lines, self.tally = task_id, first, lines, tally
        self.sent_at = time.monotonic()
        self.state = ""
        self._after = 0

    def read(self) -> bool:
        """Notes how late new lines came; True when the task is over and its last line is there."""
        facts = facts_of(self.task_id)
        while lines := read_lines(self.task_id, after=self._after):
            self._after = lines[-1].number
            now = time.time()
            for line in lines:
                if number_of(line):
                    self.tally.note_delay(now - line.at / 1_000_000)
        if facts is None or not facts.ended:
            return False
        self.state = facts.state
        if facts.state != State.SUCCESS:
            self.tally.badly[facts.reason or facts.cause or facts.state] += 1
        return True

    def close(self) -> bool:
        """Checks what is stored in the end; True when nothing is missing.

        An attempt that was cut off owes the lines before its last, the one that succeeded all.
        """
        strands = self._strands()
        newest = max(strands)
        missing = 0
        for attempt, strand in strands.items():
            owed = max(strand.last - self.first + 1, 0)
            if attempt == newest and self.state in ("", State.SUCCESS):
                owed = self.lines
            self.tally.lines += owed
            missing += owed - len(strand.seen)
        self.tally.missing += missing
        self.tally.tasks += 1
        self.tally.unfinished += not self.state
        return not missing and bool(self.state)

    def _strands(self) -> dict[int, Strand]:
        """By attempt; one without a line where there is none."""
        strands: dict[int, Strand] = {}
        for line in iter_lines(self.task_id):
            if number := number_of(line):
                strands.setdefault(line.attempt, Strand()).take(number, self.tally)
        return strands or {1: Strand()}


def number_of(line: Line) -> int:
    """The canary's own number; 0 for any other line."""
    found = _NUMBERED.match(line.message) if line.stream == STDOUT else None
    return int(found[1]) if found else 0


class Soak:
    """Sends one task after the other and reads along until all are over."""

    def __init__(self, send: Send, rate: float, seconds: float, tally: Tally) -> None:
        self.tally = tally
        self._send, self._rate = send, rate
        self._left, self._next = max(int(rate * seconds), 1), 1
        self._leg: Leg | None = None

    def run(self, patience: float, *, keep: bool = False) -> None:
        """Waits `patience` seconds beyond a task's own time for its end; then it never came.

        Deletes the runs in which all is well, unless told to `keep` them.
        """
        while self._leg or self._left:
            try:
                self._step(patience, keep)
            except (
                DatabaseError,
                InterfaceError,
            ):  # away: what is printed meanwhile must come later
                connection.close()
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Before its time: the task at hand owes what it has printed until now."""
        if self._leg:
            self._leg.state = "stopped"
            self._leg.close()

    def _step(self, patience: float, keep: bool) -> None:
        leg = self._leg or self._begin()
        over = leg.read()
        if not over and time.monotonic() < leg.sent_at + leg.lines / self._rate + patience:
            return
        self._leg = None
        # A task that was killed may be delivered again: its run goes on.
        if leg.close() and leg.state == State.SUCCESS and not keep:
            delete_run(leg.task_id)

    def _begin(self) -> Leg:
        """A task never prints more than a run keeps: what its cap takes is not missing."""
        lines = min(self._left, max(int(self._rate * TASK_SECONDS), 1), conf().max_lines or 10**9)
        task_id = self._send(self._next, lines)
        self._leg = leg = Leg(task_id, self._next, lines, self.tally)
        self._next += lines
        self._left -= lines
        return leg
