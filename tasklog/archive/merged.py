"""The lines of several runs as one log.  WEB.

The order is a merge by time, then by the order of the runs, then by number.  Lines of one run
never change places, so a run whose clock was set back delays what follows it and nothing is lost:
where a window ends is said by one number for each run, not by a time.

A run is opened only when the merge comes near the time it ran; small ones are read together.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from django.db.models import F

from tasklog.archive.only import Only
from tasklog.archive.reader import read_lines
from tasklog.archive.rows import COLUMNS
from tasklog.line import Line
from tasklog.models import LogChunk, TaskLogLine

# A run's lines are read in parts of so many.
PART = 500
# Runs of at most PART lines are read together, up to so many lines at once.
TOGETHER = 4_000
# A line may be so much older or newer than its run's start and end say (microseconds).
SLACK = 1_000_000

# How far each run is read: so many of its numbers, by its id.
Place = Mapping[str, int]


class Told(NamedTuple):
    """A line, and the run it is of by its place among the strands."""

    task_id: str
    line: Line


@dataclass
class Strand:
    """The lines of one run with after < number <= upto; it ran between these moments (µs)."""

    task_id: str
    order: int
    after: int
    upto: int
    begins: int
    ends: int
    lines: list[Line] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.upto - self.after


def oldest(strands: Sequence[Strand], limit: int, only: Only | None = None) -> list[Told]:
    """The first `limit` lines."""
    return list(islice(walk(strands, only or Only()), limit))


def newest(strands: Sequence[Strand], limit: int, only: Only | None = None) -> list[Told]:
    """The last `limit` lines, in order."""
    return list(islice(walk(strands, only or Only(), back=True), limit))[::-1]


def walk(strands: Sequence[Strand], only: Only, *, back: bool = False) -> Iterator[Told]:
    """All of them, one by one, from the first or from the last.  Uses the strands up."""
    return Walk(strands, only, back=back).lines()


class Walk:
    """A merge on its way.  With `stride` no more numbers than that are looked through between two
    looks at the clock, and at `until`, a moment of it, the way ends: then it is `stuck`.
    """

    def __init__(
        self, strands: Sequence[Strand], only: Only, *, back: bool = False,
        stride: int | None = None, until: float = float("inf"),
    ) -> None:  # fmt: skip
        self.strands = strands
        self.only = only
        self.back = back
        self.stride = stride
        self.until = until
        self.moved = self.late = self.stuck = False
        self.sign = -1 if back else 1
        wanted = [strand for strand in strands if strand.left > 0]
        # Those the merge comes to first stand last.
        self.waiting = sorted(wanted, key=self._bound, reverse=True)
        self.heads: list[tuple[int, int, int, Strand]] = []
        # So many strands are opened together.
        self.ahead = 2

    def lines(self) -> Iterator[Told]:
        while self._knows_next():
            self.ahead = 2 * (1 + len(self.heads))
            strand = heapq.heappop(self.heads)[-1]
            self.moved = True
            yield Told(strand.task_id, strand.lines.pop())
            self._show(strand)

    @property
    def place(self) -> Place:
        """Up to where, or with `back` down to where, every line was looked at."""
        return {strand.task_id: self._reached(strand) for strand in self.strands}

    def _reached(self, strand: Strand) -> int:
        if strand.lines:
            return strand.lines[-1].number - (not self.back)
        return strand.upto if self.back else strand.after

    def _knows_next(self) -> bool:
        """Opens every strand that may hold the next line."""
        while self.waiting and (
            not self.heads or self._bound(self.waiting[-1]) <= self.heads[0][0]
        ):
            if self.late:
                self.stuck = True
                break
            self._open()
        return bool(self.heads) and not self.stuck

    def _bound(self, strand: Strand) -> int:
        """No line of it comes before this, in the direction of the walk."""
        return -strand.ends - SLACK if self.back else strand.begins - SLACK

    def _open(self) -> None:
        """The next strand; small ones together with those after it."""
        batch = [self.waiting.pop()]
        total = batch[0].upto
        while self.waiting and batch[0].upto <= PART and len(batch) < self.ahead:
            if self.waiting[-1].upto > PART or total + self.waiting[-1].upto > TOGETHER:
                break
            batch.append(self.waiting.pop())
            total += batch[-1].upto
        self._fill(batch)
        # Where a filter leaves nothing of them, more are read at the next time.
        self.ahead *= 2
        for strand in batch:
            self._show(strand)

    def _show(self, strand: Strand) -> None:
        """Puts its next line up for the merge; reads on where the part is used up."""
        while not strand.lines and strand.left > 0:
            if self.late:
                self.stuck = True
                return
            self._read(strand)
        if strand.lines:
            line = strand.lines[-1]
            place = self.sign * line.at, self.sign * strand.order, self.sign * line.number
            heapq.heappush(self.heads, (*place, strand))

    def _fill(self, batch: list[Strand]) -> None:
        if len(batch) > 1:
            last = max(strand.upto for strand in batch)
            found = rows_of([strand.task_id for strand in batch], last, self.only)
            for strand in batch:
                lines = found.get(strand.task_id)
                if lines is not None:
                    self._keep(strand, [x for x in lines if strand.after < x.number <= strand.upto])
                    self._end(strand)
        else:
            self._read(batch[0])

    def _read(self, strand: Strand) -> None:
        after, upto = self._part(strand)
        lines = read_lines(
            strand.task_id, after=after, before=upto + 1, limit=PART, newest=self.back,
            **self.only.words,
        )  # fmt: skip
        whole = len(lines) < PART
        if self.back:
            strand.upto = after if whole else lines[0].number - 1
        else:
            strand.after = upto if whole else lines[-1].number
        self._keep(strand, lines)

    def _part(self, strand: Strand) -> tuple[int, int]:
        """The numbers to look through next: above the first, up to the second."""
        after, upto = strand.after, strand.upto
        if self.stride is None:
            return after, upto
        if self.back:
            return max(after, upto - self.stride), upto
        return after, min(upto, after + self.stride)

    def _end(self, strand: Strand) -> None:
        if self.back:
            strand.upto = strand.after
        else:
            strand.after = strand.upto

    def _keep(self, strand: Strand, lines: list[Line]) -> None:
        """The next one stands last, where it is cheap to take."""
        strand.lines = lines if self.back else lines[::-1]
        # Never before the way is shorter than it was: whoever goes on from here gets on.
        self.moved = self.moved or not lines
        self.late = self.moved and time.monotonic() > self.until


def rows_of(task_ids: list[str], last: int, only: Only) -> dict[str, list[Line]]:
    """The lines up to `last` of runs that are still rows, by task id; not of archived runs."""
    wanted = TaskLogLine.objects.filter(task_id__in=task_ids, number__lte=last)
    wanted = wanted.order_by("task_id", "number")
    found: dict[str, list[Line]] = {task_id: [] for task_id in task_ids}
    for task_id, *columns in only.narrow(wanted).values_list(F("task_id"), *COLUMNS):
        found[task_id].append(Line._make(columns))
    # Asked afterwards: what moved into a chunk in the meantime is then read from there.
    chunked = LogChunk.objects.filter(task_id__in=task_ids).order_by().values_list("task_id")
    for (task_id,) in chunked.distinct():
        found.pop(task_id, None)
    return found
