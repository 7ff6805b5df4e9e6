"""Server-sent events: the one place that knows their form and the life of a stream.  WEB.

A stream holds no thread, no database connection and no queue; it ends when its reader goes, when
its reader may no longer read, or when the process is told to stop.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from tasklog.conf import RECHECK_SECONDS, STREAMS_PER_PROCESS, STREAMS_PER_USER
from tasklog.live import outlet, stored

# Readers of one process that stopped come back spread over this many milliseconds.
RETRY_MS = (1000, 3000)
# A reader whose connection takes no byte for so long is sent away; looked at so often (seconds).
STALLED_SECONDS, LOOK_SECONDS = 8, 2
KEEPALIVE = b": alive\n\n"
_BREAK = re.compile(r"\r\n|\r|\n")


def frame(name: str, data: str, number: int | str | None = None) -> bytes:
    """One event.  Any line break in `data` ends a data line, so text can forge no field."""
    head = f"event: {name}\n" if name else ""
    if number is not None:
        head += f"id: {number}\n"
    body = "\ndata: ".join(_BREAK.split(data)) if "\r" in data else data.replace("\n", "\ndata: ")
    return f"{head}data: {body}\n\n".encode("utf-8", "backslashreplace")


def resume_from(request: HttpRequest) -> int:
    """The last number the reader has: the larger of `?after=` and `Last-Event-ID`.

    A browser repeats the URL it was opened with, and htmx opens a new one without the header.
    """
    given = (request.GET.get("after", ""), request.headers.get("Last-Event-ID", ""))
    return max((int(text) for text in given if re.fullmatch(r"[0-9]{1,18}", text)), default=0)


class EventStream(StreamingHttpResponse):
    """The response of a stream.  `frames` is an async generator of bytes."""

    def __init__(self, request: HttpRequest, frames: AsyncGenerator[bytes]) -> None:
        super().__init__(frames, content_type="text/event-stream; charset=utf-8")
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Accel-Buffering"] = "no"
        # Or Django's GZipMiddleware would say gzip: frames are not packed.
        self.headers["Content-Encoding"] = "identity"
        self.scope: dict[str, Any] = getattr(request, "scope", {})
        self.frames = frames

    def __aiter__(self) -> AsyncIterator[bytes]:
        if outlet.takes_over(self.scope, self.frames):
            return _nothing()
        # The bare generator: behind Django's wrapper it would outlive a reader that vanished.
        return self.frames


async def _nothing() -> AsyncGenerator[bytes]:
    return
    yield


class Slots:
    """How many streams are open, per reader and in this process."""

    def __init__(self) -> None:
        self.open: Counter[Any] = Counter()

    def full(self, reader: object) -> bool:
        return self.open[reader] >= STREAMS_PER_USER or self.open.total() >= STREAMS_PER_PROCESS

    @contextmanager
    def taken(self, reader: object) -> Iterator[None]:
        self.open[reader] += 1
        try:
            yield
        finally:
            self.open[reader] -= 1
            if not self.open[reader]:
                del self.open[reader]


slots = Slots()


def refusal(request: HttpRequest, reader: object) -> HttpResponse | None:
    """The answer to a stream that may not be opened: from another site, or one too many."""
    if not same_site(request):
        return _refused(403, "Streams are for pages of this site only.")
    if slots.full(reader):
        return _refused(429, "Too many open streams. Close a tab and try again.")
    return None


def same_site(request: HttpRequest) -> bool:
    """False when a browser says that another site's page asks.  Programs say nothing."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.get_host()


async def serve(
    steps: AsyncGenerator[bytes], reader: object, allowed: Callable[[], bool]
) -> AsyncGenerator[bytes]:
    """The frames of one reader.  The slot is taken here and not in the view: a generator that
    was never started has nothing to give back.

    `allowed` is asked on a thread every RECHECK_SECONDS; False ends the stream.
    """
    with slots.taken(reader), closing(Patience()) as patience:
        await release_request()
        yield f"retry: {random.randint(*RETRY_MS)}\n\n".encode()  # noqa: S311
        checked = time.monotonic()
        try:
            async with aclosing(steps):
                async for part in steps:
                    now = time.monotonic()
                    if now - checked > RECHECK_SECONDS - 1:
                        if not await stored.read(allowed):
                            return
                        checked = now
                    patience.since = now
                    yield part
                    patience.since = None
        except stored.AWAY:
            yield b": the database is away\n\n"


class Patience:
    """Cancels the request when its reader takes nothing for so long that it must be gone."""

    def __init__(self) -> None:
        # Since when the reader has been asked to take a frame; None between two frames.
        self.since: float | None = None
        self._loop = asyncio.get_running_loop()
        self._request = asyncio.current_task()
        self._look()

    def _look(self) -> None:
        # One timer now and then is cheaper than one for each frame.
        if self.since and time.monotonic() - self.since > STALLED_SECONDS and self._request:
            self._request.cancel()
        else:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def close(self) -> None:
        self._timer.cancel()


async def release_request() -> None:
    """Gives back the thread and the database connections that the view's request holds.

    Without an outlet Django keeps a thread for each request until its response is sent; for a
    stream that would be for hours.  See `asgiref.sync.ThreadSensitiveContext`.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        return
    await sync_to_async(connections.close_all)()
    executor = SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.shutdown(wait=False)


def _refused(status: int, told: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "Retry-After": "5"}
    return HttpResponse(f"{told}\n", status=status, content_type="text/plain", headers=headers)
