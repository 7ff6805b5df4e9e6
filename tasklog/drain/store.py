"""Stores a batch: events, numbers, lines and offsets in one transaction.

A batch the database refuses is halved until the one record it refuses stands alone; that one is
counted as damaged and its run says so, its neighbours are stored.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import DataError, IntegrityError, transaction

from tasklog.archive.retention import trim
from tasklog.drain import news, offsets, scene, workers
from tasklog.drain.book import Book
from tasklog.drain.events import apply, attempt_of, when
from tasklog.drain.intake import TORN, Intake, Record, take_in
from tasklog.drain.lines import insert_lines
from tasklog.drain.text import clean
from tasklog.spool import record
from tasklog.spool.reader import Chunk
from tasklog.spool.record import EventRecord, LineRecord
from tasklog.states import Cause
from tasklog.tallying import Count
from tasklog.tallying import write as write_tallies

HOST = socket.gethostname()
# What the record itself is to blame for; everything else is the database's state and passes.
REFUSED = (
    DataError,
    IntegrityError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
)
_WARNING = 30


@dataclass(slots=True)
class Stored:
    """What one call has stored."""

    lines: int = 0
    records: int = 0
    damaged: int = 0
    verdicts: bool = False
    lag_ms: float = 0.0

    def __iadd__(self, other: Stored) -> Stored:
        self.lines += other.lines
        self.records += other.records
        self.damaged += other.damaged
        self.verdicts = self.verdicts or other.verdicts
        self.lag_ms = max(self.lag_ms, other.lag_ms)
        return self


def store(chunks: Sequence[Chunk], settle: Callable[[Sequence[Chunk]], None]) -> Stored:
    """Stores the chunks; `settle` is called with those that are committed.

    Raises `offsets.Moved` and whatever the database raises when it is away; then nothing of the
    transaction at hand is stored, or its result is unknown and the offsets tell.
    """
    try:
        stored = _store_once(chunks)
    except REFUSED as error:
        return _halve(chunks, settle, error)
    settle(chunks)
    return stored


def _store_once(chunks: Sequence[Chunk]) -> Stored:
    intake = take_in(chunks)
    with transaction.atomic():
        offsets.advance(chunks, intake.damaged, HOST)
        enter(intake, waits=True)
    records = sum(len(chunk.raws) for chunk in chunks)
    damaged = intake.damaged.total()
    return Stored(intake.lines, records, damaged, _awaits(intake), _lag(intake))


def _awaits(intake: Intake) -> bool:
    """True when a verdict may be waiting now."""
    return bool(intake.verdicts) or any(
        isinstance(entry, EventRecord) and entry.data.get("cause") == Cause.SHUTDOWN
        for entries in intake.runs.values()
        for entry in entries[-1:]
    )


def _lag(intake: Intake) -> float:
    """The age of the batch's newest line, in milliseconds."""
    newest = max(
        (entry.at for entries in intake.runs.values() for entry in entries[-1:]
         if isinstance(entry, LineRecord)),
        default=None,
    )  # fmt: skip
    return 0.0 if newest is None else max(time.time() * 1000 - newest / 1000, 0.0)


def _halve(
    chunks: Sequence[Chunk], settle: Callable[[Sequence[Chunk]], None], error: Exception
) -> Stored:
    if len(chunks) == 1 and len(chunks[0].raws) <= 1:
        return _give_up(chunks[0], settle, error)
    middle = len(chunks) // 2
    halves = (
        (chunks[:middle], chunks[middle:])
        if middle
        else tuple([half] for half in chunks[0].halves())
    )
    stored = Stored()
    for half in halves:
        stored += store(half, settle)
    return stored


def _give_up(chunk: Chunk, settle: Callable[[Sequence[Chunk]], None], error: Exception) -> Stored:
    """The one record that cannot be stored: passed over, counted, and told of in its run."""
    with transaction.atomic():
        offsets.advance([chunk], {chunk.name: 1}, HOST)
        _remark_refused(chunk, error)
    settle([chunk])
    return Stored(records=len(chunk.raws), damaged=1)


def _remark_refused(chunk: Chunk, error: Exception) -> None:
    for task_id in take_in([chunk]).runs:
        book = Book([task_id])
        text = clean(f"A record could not be stored: {type(error).__name__}: {error}")
        book.remark(task_id, None, _WARNING, text[:500])
        write(book)


def enter(intake: Intake, *, waits: bool) -> None:
    """Applies what was taken in.  Call inside a transaction."""
    if intake.workers:
        workers.note(intake.workers)
    if not intake.task_ids:
        return
    book = Book(intake.task_ids)
    for task_id, records in intake.runs.items():
        _enter_run(book, task_id, records, intake, waits=waits)
    for verdict in intake.verdicts:
        apply(book, verdict, waits=waits)
    write(book)


def _enter_run(
    book: Book, task_id: str, records: list[Record], intake: Intake, *, waits: bool
) -> None:
    """One run's records in their order: lines gather until an event or another attempt."""
    lines: list[LineRecord] = []
    hexed = ""
    for entry in records:
        if isinstance(entry, LineRecord):
            if entry.attempt != hexed:
                _enter_lines(book, task_id, lines, intake)
                lines, hexed = [], entry.attempt
            lines.append(entry)
            continue
        _enter_lines(book, task_id, lines, intake)
        lines = []
        if entry.kind == record.DROPPED:
            _enter_gap(book, entry)
        elif entry.kind == TORN:
            _enter_torn(book, entry)
        else:
            apply(book, entry, waits=waits)
    _enter_lines(book, task_id, lines, intake)


def _enter_lines(book: Book, task_id: str, lines: list[LineRecord], intake: Intake) -> None:
    if not lines:
        return
    hexed = lines[0].attempt
    attempt = None
    if hexed:
        at = when(lines[0].at / 1_000_000)
        attempt = attempt_of(book, task_id, hexed, at, intake.stems.get(hexed, ""))
    book.append(task_id, attempt, lines)


def _enter_gap(book: Book, event: EventRecord) -> None:
    """Lines that were dropped on their way: said in the log, and a hole in the numbers."""
    data = event.data
    task_id, count = data["task_id"], int(data["count"])
    attempt = book.attempts[task_id].get(data.get("attempt") or "")
    reason = clean(data.get("reason")) or "no room"
    book.remark(task_id, attempt, _WARNING, f"{count:,} lines were dropped here: {reason}")
    book.skip(task_id, attempt, count)


def _enter_torn(book: Book, event: EventRecord) -> None:
    """What is left of the line, apart from all others and in no receipt."""
    data = event.data
    attempt = book.attempts[data["task_id"]].get(data["attempt"])
    text = f"A line was torn when its process ended: {clean(data['text'])}"
    book.remark(data["task_id"], attempt, _WARNING, text)


def write(book: Book) -> None:
    """Writes the book; its news goes out once the transaction is committed."""
    scene.complete(book)
    book.save()
    insert_lines(book.segments)
    for run in book.runs.values():
        trim(run, exactly=run.finished)
    _tally(book)
    transaction.on_commit(lambda: news.publish(book), robust=True)


def _tally(book: Book) -> None:
    """Counts the runs that ended; last of all, because other hosts' drainers count there too."""
    ended = {item.task_id for item in book.news if item.kind == "finished"}
    count = Count()
    for run in (book.runs[task_id] for task_id in sorted(ended)):
        if run.finished:
            count.add(run)
    write_tallies(count)
