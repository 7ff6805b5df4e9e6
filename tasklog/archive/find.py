"""Find in one run like an editor: the next match, and which of how many it is.  BOTH.

The run is walked in strides of line numbers through `read_lines`, so rows and chunks are alike.
Between two strides stands a look at the clock: a run of any length is answered in time, and what
was not looked through is said (`exact`, `reached`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import pairwise

from tasklog.archive.only import Only
from tasklog.archive.reader import read_lines

# Lines looked through between two looks at the clock: 10 to 40 ms.
STRIDE = 50_000
# Matches that are counted and named; beyond them it is "1,000+".
MOST = 1_000
# For counting, and again for the way to the next match.
SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """`number`: the line of the match, None where there is none (yet, if `reached` is set).

    `numbers` are the first matches of the run, all of them if `exact`.  `reached` is the line up
    to which there was time to look: the search goes on from there.
    """

    number: int | None = None
    numbers: tuple[int, ...] = ()
    exact: bool = True
    wrapped: bool = False
    reached: int | None = None

    @property
    def total(self) -> int:
        return len(self.numbers)

    @property
    def ordinal(self) -> int | None:
        """1 for the first match of the run; None beyond those that were counted."""
        return self.numbers.index(self.number) + 1 if self.number in self.numbers else None


@dataclass(frozen=True, slots=True)
class Walk:
    """The matches on a way, and where it ended before its end."""

    numbers: list[int]
    reached: int | None = None


def find(
    task_id: str, only: Only, last: int, *, start: int = 0, newest: bool = False,
    counting: bool = True, seconds: float = SECONDS,
) -> Found:  # fmt: skip
    """The first match after line `start` (with `newest`: before it), going round at the end.

    `last` is the run's newest line.  Without `counting` only the way to the match is walked.
    """
    if not counting:
        return _beyond(task_id, only, last, start, newest, seconds)
    counted = walk(task_id, only, 0, last, limit=MOST + 1, seconds=seconds)
    if counted.reached is None and len(counted.numbers) <= MOST:
        return _among(tuple(counted.numbers), start, newest)
    found = _beyond(task_id, only, last, start, newest, seconds)
    numbers = tuple(counted.numbers[:MOST])
    return Found(found.number, numbers, False, found.wrapped, found.reached)


def walk(
    task_id: str, only: Only, after: int, last: int, *, limit: int, newest: bool = False,
    seconds: float = SECONDS,
) -> Walk:  # fmt: skip
    """At most `limit` matches with after < number <= last, in the order of the walk."""
    found: list[int] = []
    # Only the numbers are asked for: of the text the least.
    words = replace(only, cut=1).words
    deadline = time.monotonic() + seconds
    for low, high in _strides(after, last, newest=newest):
        lines = read_lines(
            task_id, after=low, before=high + 1, limit=limit - len(found), newest=newest,
            **words,
        )  # fmt: skip
        numbers = [line.number for line in lines]
        found += reversed(numbers) if newest else numbers
        if len(found) >= limit:
            break
        if time.monotonic() > deadline and (low > after if newest else high < last):
            return Walk(found, low + 1 if newest else high)
    return Walk(found)


def _strides(after: int, last: int, *, newest: bool) -> list[tuple[int, int]]:
    """(after, last] in parts."""
    bounds = [*range(after, last, STRIDE), max(after, last)]
    strides = list(pairwise(bounds))
    return strides[::-1] if newest else strides


def _among(numbers: tuple[int, ...], start: int, newest: bool) -> Found:
    if not numbers:
        return Found()
    ahead = [n for n in numbers if (n < start if newest else n > start)]
    if ahead:
        return Found(ahead[-1 if newest else 0], numbers)
    return Found(numbers[-1 if newest else 0], numbers, wrapped=True)


def _beyond(task_id: str, only: Only, last: int, start: int, newest: bool, seconds: float) -> Found:
    """By walking on from `start`, and from the other end when nothing lies ahead."""
    ahead, round_ = ((0, start - 1), (start - 1, last)) if newest else ((start, last), (0, start))
    for wrapped, (low, high) in enumerate((ahead, round_)):
        way = walk(task_id, only, low, high, limit=1, newest=newest, seconds=seconds)
        if way.numbers or way.reached is not None:
            number = way.numbers[0] if way.numbers else None
            reached = None if way.numbers else way.reached
            return Found(number, exact=False, wrapped=bool(wrapped), reached=reached)
    return Found(exact=False)
