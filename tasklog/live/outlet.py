"""Sends the bodies of streams after Django has answered and let go.  WEB.

For each response Django holds a thread, a database connection, the request and three tasks until
the last byte.  In front of it, `Outlet` takes over what a stream's view answers: sign-in, rights,
middleware and headers are Django's as for every page; while the stream is open, one generator is
left.  Where there is no `Outlet` the response streams by itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any
from weakref import WeakKeyDictionary

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Frames = AsyncGenerator[bytes]

# So many streams are opened at a time; each is a thread and a database connection until Django
# has answered.  The others of a storm wait in line.
AT_A_TIME = 16
# Where in a request's scope its response finds who will send the body.
SCOPE_KEY = "tasklog.outlet"
_PATH = re.compile(r"/stream/$|/sse/")


class Outlet:
    """An ASGI application around Django's."""

    def __init__(self, django: App) -> None:
        self.django = django
        self._doors: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._doors = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _PATH.search(scope["path"]):
            await self.django(scope, receive, send)
            return
        door = self._doors.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_A_TIME))
        opening = _Opening(receive, send, door)
        try:
            await self.django({**scope, SCOPE_KEY: opening}, opening.receive, opening.send)
            opening.leave_door()
            if opening.frames:
                await _send_all(opening.frames, opening.gone, send)
        finally:
            opening.close()


class _Opening:
    """A request on its way through Django."""

    def __init__(self, receive: Receive, send: Send, door: asyncio.Semaphore) -> None:
        self.frames: Frames | None = None
        # Ends when the reader is gone.  One for Django and for us: gunicorn tells it only once.
        self.gone: asyncio.Future[Message] | None = None
        self._receive = receive
        self._send = send
        self._door = door
        self._inside = False

    async def receive(self) -> Message:
        """Waits at the door once the request is there whole: no trickle keeps others out."""
        if self.gone:
            return await asyncio.shield(self.gone)
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self.gone = asyncio.ensure_future(self._receive())
            self._inside = await self._door.acquire()
            if self.gone.done():
                return self.gone.result()
        return message

    async def send(self, message: Message) -> None:
        """A body that was taken over is not over when Django has nothing more to say."""
        if self.frames is None:
            self.leave_door()
            await self._send(message)

    def leave_door(self) -> None:
        """Lets the next one in: what is sent now may take its time."""
        if self._inside:
            self._inside = False
            self._door.release()

    def close(self) -> None:
        self.leave_door()
        if self.gone:
            self.gone.cancel()


def takes_over(scope: Scope, frames: Frames) -> bool:
    """Hands `frames` to the outlet of this request; False when there is none."""
    opening: _Opening | None = scope.get(SCOPE_KEY)
    if opening is None:
        return False
    opening.frames = frames
    return True


async def _send_all(frames: Frames, gone: asyncio.Future[Message] | None, send: Send) -> None:
    """Until the frames end, or the reader goes."""
    sending = asyncio.current_task()
    if gone is None or sending is None:  # neither happens to a request that Django answered
        return

    def stop(_: object) -> None:
        sending.cancel()

    gone.add_done_callback(stop)
    try:
        async with aclosing(frames):
            async for part in frames:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    except asyncio.CancelledError:
        if not gone.done():
            raise
        sending.uncancel()
    finally:
        gone.remove_done_callback(stop)
