"""The same store without a spool: records go straight into the caller's connection.  WORKER.

For tests, eager tasks and `capture_output`: rows are there as soon as the call returns, belong to
the caller's transaction and vanish with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DatabaseError, transaction

from tasklog.drain.intake import take_in
from tasklog.drain.store import REFUSED, enter
from tasklog.spool.reader import Chunk


def store_records(records: Sequence[bytes]) -> int:
    """Stores encoded records now; returns how many could not be stored.

    A record that is refused never breaks the caller's transaction or costs its neighbours.
    Raises `DatabaseError` when the database is away.
    """
    raws = [record.removesuffix(b"\n") for record in records]
    return _store(Chunk("", 0, 0, raws))


def _store(chunk: Chunk) -> int:
    intake = take_in([chunk])
    try:
        with transaction.atomic():
            enter(intake, waits=False)
    except REFUSED as error:
        if len(chunk.raws) > 1:
            return sum(_store(half) for half in chunk.halves())
        if isinstance(error, DatabaseError) and not transaction.get_connection().is_usable():
            raise
        return 1
    return intake.damaged.total()
