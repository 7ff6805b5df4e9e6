"""Archived lines: only chunks that could hold a match are opened, newest first.  WEB."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched
from typing import Any

from tasklog.archive.archiving import raw_of
from tasklog.archive.chunks import has_plain, messages_of, unpack
from tasklog.models import LogChunk
from tasklog.search.hunt import Hunt

# Chunks whose bytes are fetched at once.
TOGETHER = 10
END = 2**62


def walk(hunt: Hunt, below: tuple[int, int] | None) -> tuple[int, int] | None:
    """Goes through all chunks from the newest; where to go on, None at the end.

    A place is (chunk id, line number): the lines of that chunk below that number come next.
    """
    start, number = below or (END, END)
    ids = LogChunk.objects.filter(id__lte=start).order_by("-id").values_list("id", flat=True)
    for chunk in opened(ids.iterator(chunk_size=500)):
        stopped = search(hunt, chunk, number if chunk.pk == start else END)
        if stopped is not None:
            return chunk.pk, stopped
        if hunt.over:
            return chunk.pk - 1, END
    return None


def opened(ids: Any) -> Iterator[LogChunk]:
    """These chunks in this order, their bytes fetched some at a time."""
    for some in batched(ids, TOGETHER):
        chunks = LogChunk.objects.in_bulk(some)
        yield from (chunks[pk] for pk in some if pk in chunks)


def search(hunt: Hunt, chunk: LogChunk, below: int = END) -> int | None:
    """Offers the chunk's lines from the newest; the number at which the page was full, if so."""
    if not hunt.condition.may_be_in(chunk):
        hunt.looked(chunk.count)
        return None
    raw = raw_of(chunk)
    if not _mentions(hunt, raw):
        hunt.looked(chunk.count)
        return None
    lines = unpack(raw)
    for line in reversed(lines):
        if line.number < below:
            hunt.looked(1, line.at)
            hunt.offer(chunk.task_id, line)
            if hunt.full:
                return line.number
    return None


def _mentions(hunt: Hunt, raw: bytes) -> bool:
    """Whether a match could be in the chunk; nothing is unpacked for that."""
    # A message with a line feed in it stands as JSON here, so its text may look different.
    return not has_plain(raw) or hunt.condition.may_be_among(messages_of(raw).decode())
