"""Two attempts of a run side by side, at the place where they part.  WEB.

Lines are the same when they differ in numbers, ids and quoted texts alone.  Asked for by the tab of
attempts: it reads the first 2,000 lines of the two newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile, zip_longest
from typing import NamedTuple

from tasklog.archive.reader import read_lines
from tasklog.insights.fingerprint import Templates
from tasklog.line import LOG, RECORDED, STDERR, STDOUT, Line
from tasklog.models import TaskAttempt, TaskRun

REACH = 2_000
# Lines that are shown before they part, and from there on; characters of each.
BEFORE, AFTER, CUT = 3, 8, 300


class Pair(NamedTuple):
    """What each of them wrote at this place; None where it had written its last."""

    left: Line | None
    right: Line | None
    same: bool


class Parting(NamedTuple):
    """Two attempts, how many lines they went the same way, and the lines around the place."""

    left: TaskAttempt
    right: TaskAttempt
    together: int
    pairs: Sequence[Pair]

    @property
    def never(self) -> bool:
        """As far as was looked, both wrote the same."""
        return all(pair.same for pair in self.pairs)


def parting_of(run: TaskRun, attempts: Sequence[TaskAttempt]) -> Parting | None:
    """The two newest attempts; None where there is one, or one of them wrote nothing."""
    if len(attempts) < 2:
        return None
    left, right = attempts[-2:]
    ours, theirs = _lines(run, left), _lines(run, right)
    if not ours or not theirs:
        return None
    of = Templates().of
    beside = zip(ours, theirs, strict=False)
    same = takewhile(lambda two: of(two[0].message) == of(two[1].message), beside)
    together = sum(1 for _ in same)
    first, last = max(together - BEFORE, 0), together + AFTER
    rows = zip_longest(ours[first:last], theirs[first:last])
    pairs = [Pair(*two, place < together) for place, two in enumerate(rows, first)]
    return Parting(left, right, together, pairs)


def _lines(run: TaskRun, attempt: TaskAttempt) -> list[Line]:
    said = read_lines(
        run.pk, limit=REACH, attempt=attempt.number, streams=(STDOUT, STDERR, LOG), cut=CUT
    )
    return [line for line in said if line.origin != RECORDED]
