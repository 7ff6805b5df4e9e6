"""A workflow's merged log: windows, the live stream.  WEB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from dashboard.access import signed_in
from dashboard.lanes import Lanes
from dashboard.merged import Asked, hidden_edge, open_window
from dashboard.views.stream import user_again
from dashboard.views.workflow import page_of, workflow_or_404
from tasklog.archive.merged import Told
from tasklog.archive.strands import reaches_of, strands_of
from tasklog.live import replay, sse, stored, together
from tasklog.live.ring import FLOOD_PACE, MANY, PACE
from tasklog.workflows.members import workflow_of
from tasklog.workflows.place import unpack
from tasklog.workflows.summary import Summary

# Where a place would be too long for an address: whoever reconnects starts over.
NOWHERE = "nowhere"
# The page starts over: what it holds fits the workflow no more.
RESET = sse.frame("state", "reset")


@require_GET
@signed_in
def lines(request: HttpRequest, task_id: str) -> HttpResponse:
    """One window; its edges say where it goes on.  409 where its place fits no more."""
    workflow = workflow_or_404(request, task_id)
    window = open_window(workflow, Asked.read(request.GET), fragment=True)
    if window is None:
        told = "The workflow has changed: load the page again.\n"
        return HttpResponse(told, status=409, content_type="text/plain")
    context = {"here": page_of(workflow.key), "window": window}
    response = render(request, "dashboard/viewer/_window.html", context)
    response.headers["TaskLog-Seen"] = window.seen
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_GET
@signed_in
async def stream(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """Opens the stream, or refuses it before it costs anything."""
    if refused := sse.refusal(request, request.user.pk):
        return refused
    await sync_to_async(workflow_or_404)(request, task_id)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    viewer = Viewer(task_id, after, Asked.read(request.GET), request)
    frames = sse.serve(viewer.frames(), request.user.pk, viewer.may_read)
    return sse.EventStream(request, frames)


class Viewer:
    """One page's stream: steps in, frames out."""

    def __init__(self, task_id: str, after: str, asked: Asked, request: HttpRequest) -> None:
        self.task_id = task_id
        self.after = after
        self.asked = asked
        self.user = request.user
        # Not the request: it would be kept for as long as the stream is open.
        self.session = request.session
        self.seen: dict[str, int] = {}

    def may_read(self) -> bool:
        """Whether this session still exists and its user may still see the run."""
        user = user_again(self.session)
        return user is not None and workflow_of(self.task_id, user) is not None

    def look(self) -> Sequence[together.Standing]:
        """The runs as they stand now; on a thread."""
        workflow = workflow_of(self.task_id, self.user)
        if workflow is None:
            return []
        reaches = reaches_of(workflow.runs)
        self.lanes = Lanes(workflow, reaches)
        strands = strands_of(workflow.runs)
        return [
            together.Standing(strand, bool(run.started_at or run.line_count), reach.ended)
            for run, strand, reach in zip(workflow.runs, strands, reaches, strict=True)
            if self.asked.keeps(run)
        ]

    async def frames(self) -> AsyncGenerator[bytes]:
        await stored.read(self.look)
        seen = unpack(self.lanes.reaches, self.after)
        if seen is None:
            yield RESET
            return
        self.seen = seen
        steps = together.follow(self.look, seen, only=self.asked.only, leap=replay.Leap())
        async with aclosing(steps):
            async for step in steps:
                yield await self._frame(step)
                if isinstance(step, together.Lines):
                    await asyncio.sleep(FLOOD_PACE if len(step.lines) > MANY else PACE)

    async def _frame(self, step: together.Step) -> bytes:
        match step:
            case together.Lines(lines):
                return self._lines(lines)
            case together.Skipped(before, left_out):
                return self._hidden(before, left_out)
            case together.Moved():
                return sse.frame("state", "moved")
            case together.Channel(live):
                return sse.frame("channel", "live" if live else "polling")
            case together.End():
                return sse.frame("end", await stored.read(end_record, self.task_id, self.user))
            case _:
                return sse.KEEPALIVE

    def _lines(self, lines: list[Told]) -> bytes:
        before = dict(self.seen)
        for task_id, line in reversed(lines):
            before[task_id] = line.number - 1
        html = self.lanes.render(lines, before)
        return sse.frame("lines", html, self.lanes.place(self.seen) or NOWHERE)

    def _hidden(self, before: dict[str, int], count: int) -> bytes:
        place = self.lanes.place(self.seen)
        edge = hidden_edge(self.asked, self.lanes.place(before), place, count)
        context = {"here": page_of(self.task_id), "edge": edge}
        html = render_to_string("dashboard/viewer/_edge.html", context)
        return sse.frame("lines", html, place or NOWHERE)


def end_record(task_id: str, user: Any) -> str:
    """The last word of a merged log."""
    workflow = workflow_of(task_id, user)
    summary = Summary(workflow.runs) if workflow else None
    return render_to_string("dashboard/workflow/_end.html", {"summary": summary})
