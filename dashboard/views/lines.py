"""Windows of a run's lines, as fragments that the viewer puts beside those it has.  WEB."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.access import run_or_404, signed_in
from dashboard.asked import whole
from dashboard.lines import line_html
from dashboard.window import Asked, open_window
from tasklog.archive.reader import read_lines
from tasklog.models import TaskRun


@require_GET
@signed_in
def lines(request: HttpRequest, task_id: str) -> HttpResponse:
    """One window; its edges say where it goes on.  With `whole=N` that line, uncut."""
    run = run_or_404(request, task_id)
    if (number := whole(request.GET, "whole")) is not None:
        return _whole_line(request, run, number)
    window = open_window(run.task_id, Asked.read(request.GET), fragment=True)
    context = {"here": run.get_absolute_url(), "window": window}
    response = render(request, "dashboard/viewer/_window.html", context)
    # How far the run had come when this was read: from here on the stream goes on.
    response.headers["TaskLog-Seen"] = str(max(run.line_count, window.last))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _whole_line(request: HttpRequest, run: TaskRun, number: int) -> HttpResponse:
    """A line of which the page shows the beginning: drawn for the viewer, else as plain text."""
    found = read_lines(run.task_id, after=number - 1, before=number + 1, limit=1)
    if not found:
        raise Http404(f"There is no line {number} in this run.")
    drawn = request.headers.get("HX-Request") == "true"
    body = line_html(found[0], uncut=True) if drawn else found[0].message
    kind = "html" if drawn else "plain"
    response = HttpResponse(body, content_type=f"text/{kind}; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "HX-Request"
    return response
