"""Server-sent events for programs: each is one JSON object with a `type`.  WEB.

A stream of an unknown run tells so and ends; its status is 404, so that browsers do not ask again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_GET
from rest_framework.exceptions import AuthenticationFailed

from tasklog.api.auth import SCHEME, Caller, lacking
from tasklog.api.errors import shape
from tasklog.api.schema import documented
from tasklog.api.serializers import line_json
from tasklog.audit.trail import record
from tasklog.line import Line
from tasklog.live import replay, sse, stored
from tasklog.models import TaskRun

# A run that was published a moment ago may not be stored yet (seconds).
PATIENCE = 1.0
TESTS = 5
EVENTS = "text/event-stream"
AFTER = {
    "name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0},
    "description": "The number of the last line known; `Last-Event-ID` says the same.",
}  # fmt: skip


@documented(
    "The lines of one run as server-sent events, from `after` on, what moves, and its end",
    "logs:read", EVENTS, (AFTER,),
)  # fmt: skip
@require_GET
async def task(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """The lines of one run from `after` on, what moves, and its end."""
    caller, refused = await _caller(request)
    if caller is None:
        return refused or _error(500, "error", "The request could not be answered.")

    def seen() -> bool:
        return _visible(caller.user, task_id)

    if not await _appears(seen):
        return _unknown(task_id)
    frames = events(task_id, sse.resume_from(request))
    return sse.EventStream(
        request, sse.serve(frames, caller.name, lambda: caller.still_may() and seen())
    )


@documented("Seven events, one a second: do streams get through?", "logs:read", EVENTS)
@require_GET
async def test(request: HttpRequest) -> HttpResponseBase:
    """Seven events, one a second, to see whether streams get through the proxies."""
    caller, refused = await _caller(request)
    if caller is None:
        return refused or _error(500, "error", "The request could not be answered.")
    return sse.EventStream(request, sse.serve(_tests(), caller.name, caller.still_may))


async def events(task_id: str, after: int) -> AsyncGenerator[bytes]:
    """The frames of one run."""
    yield _frame({"type": "connected", "task_id": task_id})
    async with aclosing(replay.follow(task_id, after)) as steps:
        async for step in steps:
            for part in _frames(task_id, step):
                yield part


def _frames(task_id: str, step: replay.Step) -> list[bytes]:
    if isinstance(step, replay.Lines):
        return [batch.once("json", lambda lines: _lines(task_id, lines)) for batch in step.batches]
    if isinstance(step, replay.Moved) and step.kind in ("state", "progress"):
        return [_frame({"type": step.kind, "task_id": task_id, **_news(step.data)})]
    if isinstance(step, replay.Quiet):
        return [_frame({"type": "keepalive"})]
    if isinstance(step, replay.End):
        return [_frame({"type": "end", "task_id": task_id, **_news(step.data)})]
    if isinstance(step, replay.Unknown):
        return [_frame(_gone(task_id)), _frame(_END)]
    return []


_TOLD = ("cause", "reason", "progress", "message")


def _news(data: dict[str, Any]) -> dict[str, Any]:
    """The words of the API for what the database says."""
    news: dict[str, Any] = {key: data[key] for key in _TOLD if key in data}
    return {"status": data["state"], **news} if "state" in data else news


def _lines(task_id: str, lines: Sequence[Line]) -> bytes:
    """Made once for all readers of the run."""
    head = {"type": "new_log", "task_id": task_id}
    return b"".join(_frame({**head, **line_json(line)}, line.number) for line in lines)


def _frame(event: dict[str, Any], number: int | None = None) -> bytes:
    return sse.frame("", json.dumps(event, ensure_ascii=False), number)


async def _tests() -> AsyncGenerator[bytes]:
    yield _frame({"type": "test", "message": "connected"})
    for count in range(TESTS):
        yield _frame({"type": "test", "count": count})
        await asyncio.sleep(1)
    yield _frame({"type": "test", "message": "done"})


async def _caller(request: HttpRequest) -> tuple[Caller | None, HttpResponse | None]:
    """Who asks, or the answer to one who may not."""
    try:
        caller = await sync_to_async(Caller)(request, "logs:read")
    except AuthenticationFailed as error:
        response = _error(401, "not_authenticated", str(error.detail))
        response.headers["WWW-Authenticate"] = SCHEME
        return None, response
    except (OperationalError, InterfaceError):
        return None, _error(503, "unavailable", "The database does not answer.")
    if not await sync_to_async(caller.may)():
        return None, await sync_to_async(_denied)(request, caller)
    refused = sse.refusal(request, caller.name)
    return (None, refused) if refused else (caller, None)


def _denied(request: HttpRequest, caller: Caller) -> HttpResponse:
    who, target = caller.user.get_username(), f"{request.method} {request.path}"
    record("access", request=request, user=who, target=target, refused=True)
    return _error(403, "permission_denied", lacking(caller.key, caller.scope))


async def _appears(seen: Any) -> bool:
    """Looks for the run, and for a moment longer if it is not there."""
    for _ in range(int(PATIENCE / 0.1)):
        if await stored.read(seen):
            return True
        await asyncio.sleep(0.1)
    return False


def _visible(user: Any, task_id: str) -> bool:
    runs = TaskRun.objects.visible_to(user)
    return "\0" not in task_id and runs.filter(pk=task_id).exists()


_END = {"type": "end", "status": "UNKNOWN"}


def _gone(task_id: str) -> dict[str, Any]:
    return {"type": "error", "message": f"There is no run with the id {task_id}."}


def _unknown(task_id: str) -> HttpResponse:
    body = _frame(_gone(task_id)) + _frame(_END)
    headers = {"Cache-Control": "no-store"}
    content_type = "text/event-stream; charset=utf-8"
    return HttpResponse(body, status=404, content_type=content_type, headers=headers)


def _error(status: int, code: str, sentence: str) -> JsonResponse:
    return JsonResponse(shape(code, sentence), status=status, headers={"Cache-Control": "no-store"})
