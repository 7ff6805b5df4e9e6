"""How long the body of a request may be, and how slow, said before Django reads it.  WEB.

Django takes the whole body in before it asks any of our code.  `LimitedBodies` stands before
Django: of a body that is too long or trickles it takes at most the limit, and leaves the answer to
`BodyLimitMiddleware`, so that it carries the headers and the page every answer has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from dashboard.views.errors import too_long, too_slow
from project.senders import may_upload

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Any], Awaitable[None]]

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
END: Message = {"type": "http.request", "body": b"", "more_body": False}
# Bytes a second: a telephone's worst network brings more, a sender that holds us brings less.
SLOWEST = 1024
# A timer that rings so late (seconds) tells that it was we who were busy.
LATE = 0.2
# Where the scope of a request says that its body was cut for its pace.
SLOW = "tasklog.slow_body"
# … and how many bytes of it are taken.
MOST = "tasklog.most_bytes"


class LimitedBodies:
    """ASGI: gives the application no body that is longer than its address may take, or trickles."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Any) -> None:
        if scope["type"] == "http":
            scope[MOST] = await most_of(scope)
            receive = Body(scope, receive).receive
        await self.app(scope, receive, send)


class Body:
    """One request's body on its way to Django."""

    def __init__(self, scope: Message, receive: Receive) -> None:
        self.scope = scope
        self.pace = Pace(receive, settings.BODY_SECONDS)
        self.most = scope[MOST]
        told = dict(scope["headers"]).get(b"content-length", b"")
        self.read = int(told) if told.isdigit() and int(told) > self.most else 0
        self.refused = self.read > self.most
        self.ended = False

    async def receive(self) -> Message:
        """A piece of it; where it is refused an end, and then nothing until its sender leaves."""
        if not self.refused:
            try:
                message = await self.pace.receive()
            except TimeoutError:
                self.scope[SLOW] = self.refused = True
            else:
                self.read += len(message.get("body", b""))
                if self.read <= self.most:
                    return message
                # It came in chunks and did not say its length: the middleware reads this one.
                length = (b"content-length", str(self.read).encode())
                self.scope["headers"] = [*self.scope["headers"], length]
                self.refused = True
        if not self.ended:
            self.ended = True
            return END
        return await _gone(self.pace.source)


class Pace:
    """Ends a body that brings less than `SLOWEST` in `seconds` of waiting for it.

    What counts is the time we wait: a slow disk of ours is not the sender's fault.
    """

    def __init__(self, source: Receive, seconds: float) -> None:
        self.source = source
        self.seconds = seconds
        self.whole = False
        self._renew()

    def _renew(self) -> None:
        self.left, self.wanted = self.seconds, self.seconds * SLOWEST

    async def receive(self) -> Message:
        """The next message.  Raises TimeoutError."""
        if self.whole:  # what may come is that the sender leaves
            return await self.source()
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            message = await asyncio.wait_for(self.source(), self.left)
        except TimeoutError:
            if clock() - began < self.left + LATE:
                raise
            self._renew()
            return await self.receive()
        self.left -= clock() - began
        self.wanted -= len(message.get("body", b""))
        self.whole = not message.get("more_body")
        if self.wanted <= 0:
            self._renew()
        return message


async def _gone(receive: Receive) -> Message:
    """The caller's leave; what they still send is thrown away."""
    while (message := await receive())["type"] == "http.request":
        continue
    return message


async def most_of(scope: Message) -> int:
    """Bytes of a body of this sender's at this address: strangers get no more than elsewhere."""
    most = limit_of(scope["path"])
    if most <= settings.BODY_LIMIT or scope["method"] in SAFE:
        return most
    return most if await sync_to_async(may_upload)(scope) else int(settings.BODY_LIMIT)


def limit_of(path: str) -> int:
    """Bytes of the longest body at this address."""
    longer = settings.LONGER_BODIES.items()
    return next((most for start, most in longer if path.startswith(start)), settings.BODY_LIMIT)


class BodyLimitMiddleware(MiddlewareMixin):
    """Answers 413 for a body that says it is too long, 408 for one that was cut for its pace."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        response = _refusal(request)
        if response is not None:
            # What was not read stands in the connection: the next request would begin with it.
            response.headers["Connection"] = "close"
        return response


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if getattr(request, "scope", {}).get(SLOW):
        return too_slow(request, settings.BODY_SECONDS, SLOWEST)
    told = request.META.get("CONTENT_LENGTH") or "0"
    most = getattr(request, "scope", {}).get(MOST) or limit_of(request.path_info)
    return too_long(request, most) if told.isdigit() and int(told) > most else None
