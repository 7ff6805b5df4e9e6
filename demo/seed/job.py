"""What the history is told with: a task, what it writes, and how it goes wrong."""

from __future__ import annotations

from typing import NamedTuple

from tasklog.states import Cause, State


class Script(NamedTuple):
    """What a run writes.  A line begins with its level, or P for print, S for stderr.

    `body` is written `least` to `most` times, `rare` now and then, `formerly` until yesterday.
    """

    logger: str
    opening: tuple[str, ...]
    body: tuple[str, ...]
    closing: tuple[str, ...]
    least: int = 3
    most: int = 14
    rare: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()


class Fault(NamedTuple):
    """One way to fail.  `frames`: file, line, function, code; none where nothing was raised."""

    said: str
    frames: tuple[tuple[str, int, str, str], ...] = ()
    state: State = State.FAILURE
    cause: Cause = Cause.EXCEPTION
    reason: str = ""

    def traceback(self, said: str) -> str:
        """As Python prints it; nothing where nothing was raised."""
        if not self.frames:
            return ""
        told = [f'  File "/srv/shop/{f}", line {n}, in {w}\n    {c}' for f, n, w, c in self.frames]
        return "\n".join(["Traceback (most recent call last):", *told, said])


class Job(NamedTuple):
    """A task and its rhythm: `a_day` runs by day and night, `every` so many minutes, or `at`."""

    name: str
    queue: str
    script: Script
    seconds: float
    a_day: int = 0
    every: int = 0
    at: int | None = None
    spread: float = 0.35
    failing: float = 0.0
    retrying: float = 0.0
    faults: tuple[Fault, ...] = ()
    schedule: str = ""
    kwargs: str = "{{}}"
    result: str = "None"
