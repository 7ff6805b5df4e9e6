"""Find in a log like an editor: the next match, and which of how many it is.  BOTH.

A log is that of one run or of several: the merge of its strands.  They are walked in strides of
line numbers through `read_lines`, so rows and chunks are alike.  Between two strides stands a look
at the clock: a log of any length is answered in time, and what was not looked through is said
(`exact`, `reached`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from tasklog.archive.merged import Place, Strand, Walk
from tasklog.archive.only import Only

# Lines looked through between two looks at the clock: 10 to 40 ms.
STRIDE = 50_000
# Matches that are counted and named; beyond them it is "1,000+".
MOST = 1_000
# For counting, and again for the way to the next match.
SECONDS = 1.0


class Spot(NamedTuple):
    """One line of a log: its run, and its number there."""

    task_id: str
    number: int

    def within(self, place: Place) -> bool:
        return self.number <= place.get(self.task_id, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """`spot`: the line of the match, None where there is none (yet, if `reached` is set).

    `spots` are the first matches of the log, all of them if `exact`.  `reached` is the place up to
    which there was time to look: the search goes on from there.
    """

    spot: Spot | None = None
    spots: tuple[Spot, ...] = ()
    exact: bool = True
    wrapped: bool = False
    reached: Place | None = None

    @property
    def total(self) -> int:
        return len(self.spots)

    @property
    def ordinal(self) -> int | None:
        """1 for the first match of the log; None beyond those that were counted."""
        return self.spots.index(self.spot) + 1 if self.spot in self.spots else None


class Way(NamedTuple):
    """The matches on a way, and where it ended before its end."""

    spots: list[Spot]
    reached: Place | None


def find(
    strands: Sequence[Strand], only: Only, start: Place, *, newest: bool = False,
    counting: bool = True, seconds: float = SECONDS,
) -> Found:  # fmt: skip
    """The first match behind the place `start` (with `newest`: before it), going round at the end.

    Without `counting` only the way to the match is walked.
    """
    if not counting:
        return _beyond(strands, only, start, newest, seconds)
    counted = _walk(strands, only, MOST + 1, seconds)
    if counted.reached is None and len(counted.spots) <= MOST:
        return _among(tuple(counted.spots), start, newest)
    found = _beyond(strands, only, start, newest, seconds)
    return replace(found, spots=tuple(counted.spots[:MOST]))


def _walk(
    strands: Iterable[Strand], only: Only, limit: int, seconds: float, *, newest: bool = False
) -> Way:
    """At most `limit` matches, in the order of the walk."""
    walk = Walk(
        [replace(strand, lines=[]) for strand in strands],
        # Only the spots are asked for: of the text the least.
        replace(only, cut=1), back=newest, stride=STRIDE, until=time.monotonic() + seconds,
    )  # fmt: skip
    spots = [Spot(task_id, line.number) for task_id, line in islice(walk.lines(), limit)]
    return Way(spots, walk.place if walk.stuck and len(spots) < limit else None)


def _among(spots: tuple[Spot, ...], start: Place, newest: bool) -> Found:
    if not spots:
        return Found()
    ahead = [spot for spot in spots if spot.within(start) == newest]
    end = -1 if newest else 0
    return Found((ahead or spots)[end], spots, wrapped=not ahead)


def _beyond(
    strands: Sequence[Strand], only: Only, start: Place, newest: bool, seconds: float
) -> Found:
    """By walking on from `start`, and from the other end when nothing lies ahead."""
    halves = [_behind(strands, start), _before(strands, start)]
    for wrapped, half in enumerate(reversed(halves) if newest else halves):
        way = _walk(half, only, 1, seconds, newest=newest)
        if way.spots:
            return Found(way.spots[0], exact=False, wrapped=bool(wrapped))
        if way.reached is not None:
            return Found(exact=False, wrapped=bool(wrapped), reached=way.reached)
    return Found(exact=False)


def _behind(strands: Sequence[Strand], start: Place) -> list[Strand]:
    return [replace(s, after=min(start.get(s.task_id, 0), s.upto)) for s in strands]


def _before(strands: Sequence[Strand], start: Place) -> list[Strand]:
    return [replace(s, upto=min(start.get(s.task_id, 0), s.upto)) for s in strands]
