"""How long the body of a request may be, said before it is read.  WEB.

Django takes the whole body in before it asks any of our code.  `LimitedBodies` stands before
Django: of a body that is too long it takes at most the limit, and leaves the answer to
`BodyLimitMiddleware`, so that it carries the headers and the page every answer has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from dashboard.views.errors import too_long

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Any], Awaitable[None]]

END: Message = {"type": "http.request", "body": b"", "more_body": False}


class LimitedBodies:
    """ASGI: gives the application no body that is longer than its address may take."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Any) -> None:
        if scope["type"] == "http":
            receive = _limited(scope, receive)
        await self.app(scope, receive, send)


def _limited(scope: Message, receive: Receive) -> Receive:
    most = limit_of(scope["path"])
    told = dict(scope["headers"]).get(b"content-length", b"")
    read, ended = int(told) if told.isdigit() and int(told) > most else 0, False

    async def limited() -> Message:
        nonlocal read, ended
        if read <= most:
            message = await receive()
            read += len(message.get("body", b""))
            if read <= most:
                return message
            # It came in chunks and did not say its length: the middleware reads this one.
            scope["headers"] = [*scope["headers"], (b"content-length", str(read).encode())]
        if not ended:
            ended = True
            return END
        return await _gone(receive)

    return limited


async def _gone(receive: Receive) -> Message:
    """The caller's leave; what they still send is thrown away."""
    while (message := await receive())["type"] == "http.request":
        continue
    return message


def limit_of(path: str) -> int:
    """Bytes."""
    longer = settings.LONGER_BODIES.items()
    return next((most for start, most in longer if path.startswith(start)), settings.BODY_LIMIT)


class BodyLimitMiddleware(MiddlewareMixin):
    """Answers 413 for a body that says it is too long."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        told, most = request.META.get("CONTENT_LENGTH") or "0", limit_of(request.path_info)
        if not told.isdigit() or int(told) <= most:
            return None
        response = too_long(request, most)
        # What was not read stands in the connection: the next request would begin with it.
        response.headers["Connection"] = "close"
        return response
