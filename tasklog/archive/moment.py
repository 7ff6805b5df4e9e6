"""Where a line stands among the lines of the other runs.  WEB.

Lines are found by their number alone, so the others' place at that moment is searched for: by
halves, and only in runs that were at work then.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from tasklog.archive.find import Spot
from tasklog.archive.merged import PART, SLACK, Place, Strand
from tasklog.archive.reader import read_lines
from tasklog.line import Line


def place_above(strands: Sequence[Strand], spot: Spot) -> Place | None:
    """How far each run is read when this line is the next; the one before it, if it was dropped.

    None where there is none, or where it is of another run.
    """
    own = next((strand for strand in strands if strand.task_id == spot.task_id), None)
    line = own and _line_at(own, spot.number)
    if not own or not line:
        return None
    # Lines of the same moment stand in the order of their runs.
    place = {s.task_id: _older(s, line.at + (s.order < own.order)) for s in strands}
    return {**place, own.task_id: line.number - 1}


def _line_at(strand: Strand, number: int) -> Line | None:
    before = min(number, strand.upto) + 1
    found = read_lines(strand.task_id, before=before, limit=1, newest=True, cut=1)
    return found[0] if found else None


def _older(strand: Strand, at: int) -> int:
    """How far a run has come before this moment (µs)."""
    if at < strand.begins - SLACK:
        return 0
    if at > strand.ends + SLACK:
        return strand.upto
    low, high = 0, strand.upto
    while high - low > PART:
        middle = (low + high) // 2
        line = _line_at(strand, middle)
        if line and line.number > low and line.at < at:
            low = middle
        else:
            high = middle
    return _last_older(strand, low, high, at)


def _last_older(strand: Strand, low: int, high: int, at: int) -> int:
    lines = read_lines(strand.task_id, after=low, before=high + 1, limit=PART, cut=1)
    older = list(takewhile(lambda line: line.at < at, lines))
    return older[-1].number if older else low
