"""Finished runs move from rows into chunks, each proved before its rows go.  BOTH.

One transaction a chunk: write it, read it back from where it lies, compare every line, delete
the rows.  Killed at any point, a line is a row or in a chunk, never in neither and never in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from tasklog.archive import chunks
from tasklog.archive.rows import first_lines
from tasklog.conf import conf
from tasklog.line import Line
from tasklog.models import LogChunk, TaskLogLine, TaskRun
from tasklog.querysets import RunQuerySet
from tasklog.states import FINISHED

# The name in Django's STORAGES under which a site keeps chunks outside the database.
STORAGE_ALIAS = "tasklog_archive"


class ChunkDamaged(RuntimeError):
    """A chunk's bytes are not what was written; its rows, if any are left, were not touched."""


def due() -> RunQuerySet:
    """Finished runs that are old enough and not archived, the oldest first."""
    cutoff = timezone.now() - timedelta(days=conf().archive_after_days)
    found = TaskRun.objects.filter(archived_at=None, finished_at__lt=cutoff, state__in=FINISHED)
    return found.order_by("finished_at")


def archive_due(limit: int = 1_000) -> int:
    """Archives runs that are due; returns how many lines moved."""
    return sum(archive_run(task_id) for task_id in list(due().values_list("pk", flat=True)[:limit]))


def archive_run(task_id: str) -> int:
    """Moves every row of this run into chunks; returns how many lines moved.

    Raises `ChunkDamaged` when a chunk read back differs from its rows; those rows stay.
    """
    moved, after = 0, last_archived(task_id)
    while lines := archive_step(task_id, after):
        moved, after = moved + len(lines), lines[-1].number
    return moved


def archive_step(task_id: str, after: int | None = None) -> list[Line]:
    """Moves the first rows into one chunk; none when the run is done.

    `after`: the last number that is known to be in a chunk, where somebody has asked already.
    """
    with transaction.atomic():
        _commit_lazily()
        # Held until the rows are gone: two hosts never make the same chunk.
        run = TaskRun.objects.select_for_update().filter(task_id=task_id).only("task_id").first()
        rows = TaskLogLine.objects.filter(task_id=task_id)
        after = last_archived(task_id) if after is None else after
        lines = first_lines(rows, after, chunks.CHUNK_LINES, chunks.CHUNK_CHARS)
        if lines:
            _move(task_id, lines)
        elif run is not None:
            TaskRun.objects.filter(task_id=task_id).update(archived_at=timezone.now())
        return lines


def _commit_lazily() -> None:
    """PostgreSQL need not wait for its disk: after a crash there are the rows, or the chunk."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")


def last_archived(task_id: str) -> int:
    """The last number that is in a chunk, 0 for none; rows begin behind it."""
    last = LogChunk.objects.filter(task_id=task_id).aggregate(last=Max("last"))["last"]
    return int(last or 0)


def _move(task_id: str, lines: list[Line]) -> None:
    chunk = _write(task_id, lines)
    try:
        _prove(chunk, lines)
        # From the first number on: what was deleted before it stays in the index for a while.
        moved = TaskLogLine.objects.filter(task_id=task_id, number__gte=chunk.first)
        moved.filter(number__lte=chunk.last).delete()
    except BaseException:
        # The chunk's row is rolled back for certain; after a failed commit nobody could know.
        if chunk.stored_as and (storage := _storage()):
            storage.delete(chunk.stored_as)
        raise


def raw_of(chunk: LogChunk) -> bytes:
    """The chunk's uncompressed bytes from wherever they lie.  Raises `ChunkDamaged`."""
    try:
        raw = chunks.decompress(chunk.codec, _data_of(chunk))
    except (ChunkDamaged, chunks.UnknownCodec):
        raise
    except Exception as error:  # every storage and every codec has errors of its own
        raise ChunkDamaged(f"{chunk}: {error}") from error
    if hashlib.sha256(raw).hexdigest() != chunk.checksum:
        raise ChunkDamaged(f"{chunk}: the checksum differs")
    return raw


def discard(queryset: Iterable[LogChunk]) -> int:
    """Deletes these chunks and, where a storage keeps them, their files."""
    gone = 0
    for chunk in queryset:
        if chunk.stored_as and (storage := _storage()):
            storage.delete(chunk.stored_as)
        chunk.delete()
        gone += 1
    return gone


def _write(task_id: str, lines: list[Line]) -> LogChunk:
    raw = chunks.pack(lines)
    codec, data = chunks.compress(raw)
    chunk = LogChunk(
        task_id=task_id,
        first=lines[0].number,
        last=lines[-1].number,
        count=len(lines),
        counts=chunks.counts_of(lines),
        codec=codec,
        raw_bytes=len(raw),
        checksum=hashlib.sha256(raw).hexdigest(),
    )
    if storage := _storage():
        # The name comes from the checksum, never from the task id, which may hold a path.
        name = f"{chunk.checksum[:2]}/{chunk.checksum}-{chunk.first}.{codec}"
        chunk.stored_as = storage.save(name, ContentFile(data))
    else:
        chunk.data = data
    chunk.save()
    return chunk


def _prove(chunk: LogChunk, lines: list[Line]) -> None:
    kept = LogChunk.objects.get(pk=chunk.pk)
    if chunks.unpack(raw_of(kept)) != lines:
        raise ChunkDamaged(f"{chunk}: read back, the lines differ")


def _data_of(chunk: LogChunk) -> bytes:
    if not chunk.stored_as:
        return bytes(chunk.data or b"")
    storage = _storage()
    if storage is None:
        raise ChunkDamaged(f"{chunk}: kept in STORAGES[{STORAGE_ALIAS!r}], which is not set")
    with storage.open(chunk.stored_as) as file:
        return bytes(file.read())


def _storage() -> Storage | None:
    try:
        return storages[STORAGE_ALIAS]
    except InvalidStorageError:
        return None
