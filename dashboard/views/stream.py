"""The live stream of one run: HTML fragments for the page's SSE extension.  WEB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboard import ansi
from dashboard.access import run_or_404, signed_in
from dashboard.attempts import ends_of
from dashboard.lines import Before, render
from dashboard.window import Asked, hidden_edge
from tasklog.archive.reader import read_lines
from tasklog.line import Line
from tasklog.live import replay, sse, stored
from tasklog.live.ring import FLOOD_PACE, MANY, Batch
from tasklog.models import TaskRun
from tasklog.roles import Role, role_of


@require_GET
@signed_in
async def stream(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """Opens the stream, or refuses it before it costs anything."""
    if refused := sse.refusal(request, request.user.pk):
        return refused
    viewer = Viewer(task_id, sse.resume_from(request), Asked.read(request.GET))
    await sync_to_async(run_or_404)(request, task_id)
    allowed = partial(_may_read, request.session, task_id)
    frames = sse.serve(viewer.frames(), request.user.pk, allowed)
    return sse.EventStream(request, frames)


def _may_read(session: SessionBase, task_id: str) -> bool:
    """Whether this session still exists and its user may still see the run."""
    user = user_again(session)
    return user is not None and TaskRun.objects.visible_to(user).filter(pk=task_id).exists()


def user_again(session: SessionBase) -> Any:
    """Whose session it is now; None where it is gone, or opens no page any more."""
    again = HttpRequest()
    again.session = type(session)(session.session_key)
    user = get_user(again)
    return user if role_of(user) >= Role.VIEWER else None


class Viewer:
    """One page's stream: steps in, frames out."""

    def __init__(self, task_id: str, after: int, asked: Asked) -> None:
        self.task_id = task_id
        self.asked = asked
        self.seen = after
        self.before: Before | None = Before(0, 0)

    async def frames(self) -> AsyncGenerator[bytes]:
        if self.seen and not self.asked.narrow:
            above = await stored.read(
                read_lines, self.task_id, before=self.seen + 1, limit=1, newest=True
            )
            self.before = Before(above[0].number, above[0].attempt) if above else None
        steps = replay.follow(self.task_id, self.seen, only=self.asked.drawn, leap=replay.Leap())
        async with aclosing(steps):
            async for step in steps:
                yield await self._frame(step)
                if isinstance(step, replay.Lines) and len(step.batches[0].lines) > MANY:
                    await asyncio.sleep(FLOOD_PACE)

    async def _frame(self, step: replay.Step) -> bytes:
        match step:
            case replay.Lines(batches, last):
                return await self._lines(batches, last)
            case replay.Skipped(first, last):
                return sse.frame("lines", self._hidden(first, last), last)
            case replay.Moved("tail", data):
                return sse.frame("tail", _tail(data))
            case replay.Moved(kind, _):
                return sse.frame("state", kind)
            case replay.Channel(live):
                return sse.frame("channel", "live" if live else "polling")
            case replay.End():
                return sse.frame("end", await stored.read(end_record, self.task_id))
            case replay.Unknown():
                return sse.frame("end", "There is no such run any more.")
            case _:
                return sse.KEEPALIVE

    async def _lines(self, batches: list[Batch], last: int) -> bytes:
        """Drawn once for all pages that have the same line above and the same filters."""
        first, newest = batches[0].lines[0], batches[-1]
        above = None if self.asked.narrow else await self._above(first)
        self.before = Before(newest.last, newest.lines[-1].attempt)

        def draw(_: Sequence[Line]) -> bytes:
            lines = [line for batch in batches for line in batch.lines]
            return sse.frame("lines", render(lines, above), last)

        return newest.once(("page", first.number, last, above and above[:2]), draw)

    async def _above(self, first: Line) -> Before:
        """What stands above the first of the new lines on this page."""
        before = self.before
        if before is None:
            return Before(first.number - 1, first.attempt)
        if before.attempt not in (0, first.attempt):
            return before._replace(ends=await stored.read(ends_of, self.task_id))
        return before

    def _hidden(self, first: int, last: int) -> str:
        self.before = None
        edge = hidden_edge(self.asked, first, last)
        context = {"here": reverse("dashboard:run", args=[self.task_id]), "edge": edge}
        return render_to_string("dashboard/viewer/_edge.html", context)


def _tail(data: dict[str, Any]) -> str:
    return ansi.to_html(str(data.get("text", "")))


def end_record(task_id: str) -> str:
    """The last word of a log."""
    run = TaskRun.objects.defer("result", "traceback").get(pk=task_id)
    return render_to_string("dashboard/run/_end.html", {"run": run})
