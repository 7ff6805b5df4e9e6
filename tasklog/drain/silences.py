"""When a run was last heard of, and its longest silence so far: kept as its lines are stored.

A line, an unfinished line and a move of the progress bar are signs of life.  Lines that nobody
said at their time (the drainer's remarks, the recorder's) are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import sub
from typing import TYPE_CHECKING

from tasklog.models import TaskRun

if TYPE_CHECKING:
    from tasklog.drain.book import Book
    from tasklog.spool.record import LineRecord

# A bar that is drawn anew five times a second need not be written down as often.
EVERY = timedelta(seconds=1)


def note_lines(book: Book, run: TaskRun, records: Iterable[LineRecord]) -> None:
    """These lines were stored."""
    ats = [record.at for record in records if record.origin >= 0]
    if ats:
        before = ats[0] if run.spoke_at is None else round(run.spoke_at.timestamp() * 1_000_000)
        longest = max(map(sub, ats, [before, *ats])) / 1_000_000
        newest = datetime.fromtimestamp(max(before, ats[-1]) / 1_000_000, UTC)
        _note(book, run, newest, longest)


def note(book: Book, run: TaskRun, at: datetime) -> None:
    """Another sign of life."""
    before = run.spoke_at or at
    if run.spoke_at is None or at >= before + EVERY:
        _note(book, run, at, (at - before).total_seconds())


def note_end(book: Book, run: TaskRun, at: datetime) -> None:
    """It ended: what was quiet until then counts as well."""
    if run.spoke_at is not None:
        _note(book, run, run.spoke_at, (at - run.spoke_at).total_seconds())


def _note(book: Book, run: TaskRun, newest: datetime, longest: float) -> None:
    if newest != run.spoke_at:
        book.change(run, spoke_at=newest)
    if longest > run.longest_silence:
        book.change(run, longest_silence=longest)
