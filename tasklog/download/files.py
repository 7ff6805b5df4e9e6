"""The answer that is a file: packed where the reader takes that, sent piece by piece.  WEB."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from tasklog.live import sse, stored
from tasklog.models import TaskRun


def as_file(
    request: HttpRequest, name: str, content_type: str, texts: Iterator[str]
) -> StreamingHttpResponse:
    """The texts as a file of this name, packed where the reader takes that."""
    pieces: Iterator[bytes] = (text.encode("utf-8", "backslashreplace") for text in texts)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    pieces = _gzipped(pieces) if packed else pieces
    body = _from_threads(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(body, content_type=f"{content_type}; charset=utf-8")
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(run: TaskRun, kind: str) -> str:
    """`orders.import_feed-5f3c1a2b.txt`, at most 100 characters that every system allows."""
    words = re.sub("[^A-Za-z0-9._-]+", "_", f"{run.name[:50] or 'task'}-{run.task_id[:36]}")
    # A hidden file, or one that looks like an option, would surprise.
    return f"{words.strip('._-') or 'task'}.{kind}"


async def _from_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Under ASGI Django would first read a plain iterator to its end into memory."""
    await sse.release_request()
    while piece := await stored.read(next, pieces, b""):
        yield piece


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
