"""From a web request to the tasks it publishes: who asked, and in which request.  WEB."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from celery.signals import after_task_publish
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from tasklog.capture.context import ORIGIN

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestOrigin(Mapping[str, str]):
    """`{"user", "request_id"}` of one request; `task_ids` are the tasks it has published.

    The user is looked up when a task is published: most requests publish none.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.request_id = _sane_id(request.headers.get(HEADER, "")) or str(uuid.uuid4())
        self.task_ids: list[str] = []

    @property
    def user(self) -> str:
        """The name of the signed-in user; empty for none, or when the database is away."""
        try:
            user = getattr(self._request, "user", None)
            return user.get_username() if user is not None and user.is_authenticated else ""
        except (DatabaseError, SynchronousOnlyOperation):
            return ""

    def __getitem__(self, key: str) -> str:
        if key not in ("user", "request_id"):
            raise KeyError(key)
        value: str = getattr(self, key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(("user", "request_id"))

    def __len__(self) -> int:
        return 2


class CeleryTaskLogMiddleware:
    """Binds the request to every task published while it is answered; see `request.tasklog`."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.later = iscoroutinefunction(get_response)
        if self.later:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.later:
            return self._answer_later(request)
        origin, token = _bind(request)
        try:
            return _echo(self.get_response(request), origin)
        finally:
            ORIGIN.reset(token)

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        origin, token = _bind(request)
        try:
            return _echo(await self.get_response(request), origin)
        finally:
            ORIGIN.reset(token)


def _bind(request: HttpRequest) -> tuple[RequestOrigin, Any]:
    origin = RequestOrigin(request)
    request.tasklog = origin  # type: ignore[attr-defined]
    return origin, ORIGIN.set(origin)


def _echo(response: Any, origin: RequestOrigin) -> HttpResponseBase:
    response.headers[HEADER] = origin.request_id
    answered: HttpResponseBase = response
    return answered


def _sane_id(given: str) -> str:
    """The caller's own id, if it can go into logs and headers as it is."""
    return given if _SANE.fullmatch(given) else ""


@after_task_publish.connect(dispatch_uid="tasklog.middleware")
def _note(headers: dict[str, Any] | None = None, **_: Any) -> None:
    origin = ORIGIN.get()
    if isinstance(origin, RequestOrigin) and headers:
        origin.task_ids.append(str(headers.get("id", "")))
