"""Windows and counts over archived lines: only the chunks that are needed are opened.  BOTH."""

from __future__ import annotations

from collections.abc import Iterator

from tasklog.archive.archiving import raw_of
from tasklog.archive.chunks import has_plain, messages_of, unpack
from tasklog.archive.only import Only
from tasklog.line import Line
from tasklog.models import LogChunk

# No run has more lines than this, so it stands for "no upper end".
ENDLESS = 2**62


def read(
    task_id: str, after: int, before: int | None, limit: int, only: Only, *, newest: bool
) -> list[Line]:
    """At most `limit` wanted lines with after < number < before, in order."""
    found: list[Line] = []
    for chunk in _chunks(task_id, after, before, newest=newest):
        lines = _wanted(chunk, after, before, only)
        found = lines + found if newest else found + lines
        if len(found) >= limit:
            break
    return found[-limit:] if newest else found[:limit]


def each(
    task_id: str, after: int, before: int | None, only: Only
) -> Iterator[tuple[int, list[Line]]]:
    """The wanted lines chunk by chunk, with the number of the chunk's last line.

    Nothing is held open between two: neither a cursor nor a connection.
    """
    chunks = list(_chunks(task_id, after, before, newest=False))
    for chunk in chunks:
        yield chunk.last, _wanted(chunk, after, before, only)


def count(task_id: str, after: int, before: int | None, only: Only) -> int:
    """How many there are; chunks that lie wholly inside are counted without being opened."""
    return sum(
        only.counted_in(chunk.counts)
        if only.plain and _inside(chunk, after, before)
        else len(_wanted(chunk, after, before, only))
        for chunk in _chunks(task_id, after, before, newest=False)
    )


def _chunks(task_id: str, after: int, before: int | None, *, newest: bool) -> Iterator[LogChunk]:
    """The chunks that overlap the window, without their bytes: `raw_of` fetches those."""
    found = LogChunk.objects.filter(task_id=task_id, last__gt=after)
    if before is not None:
        found = found.filter(first__lt=before)
    return found.defer("data").order_by("-first" if newest else "first").iterator(chunk_size=500)


def _wanted(chunk: LogChunk, after: int, before: int | None, only: Only) -> list[Line]:
    if not only.counted_in(chunk.counts):
        return []
    raw = raw_of(chunk)
    if only.q and not _mentions(raw, only.q.lower()):
        return []
    lines = unpack(raw, only.tests)
    if not _inside(chunk, after, before):
        end = ENDLESS if before is None else before
        lines = [line for line in lines if after < line.number < end]
    if only.q:
        lines = [line for line in lines if only.mentioned_in(line.message)]
    return lines if only.cut is None else [_begun(line, only.cut) for line in lines]


def _begun(line: Line, cut: int) -> Line:
    return line if len(line.message) <= cut else line._replace(message=line.message[:cut])


def _mentions(raw: bytes, text: str) -> bool:
    """Whether it could be in one of the messages; those with a line feed stand as JSON."""
    return not has_plain(raw) or text in messages_of(raw).decode().lower()


def _inside(chunk: LogChunk, after: int, before: int | None) -> bool:
    return chunk.first > after and (before is None or chunk.last < before)
