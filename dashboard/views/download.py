"""The log of a run or of a workflow as a file.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from dashboard import merged, window
from dashboard.access import run_or_404, signed_in
from dashboard.views.workflow import workflow_or_404
from tasklog.download.formats import FORMATS
from tasklog.download.logs import run_file, workflow_file


@require_GET
@signed_in
def run(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """The lines of this view (its filters), or all of them without any."""
    found = run_or_404(request, task_id)
    if (kind := request.GET.get("format", "txt")) not in FORMATS:
        return _refused()
    return run_file(request, found, kind, window.Asked.read(request.GET).only)


@require_GET
@signed_in
def workflow(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """The merged lines of this view (its filters), or all of them without any."""
    found = workflow_or_404(request, task_id)
    if (kind := request.GET.get("format", "txt")) not in FORMATS:
        return _refused()
    asked = merged.Asked.read(request.GET)
    return workflow_file(request, found, asked.kept(found.runs), kind, asked.only)


def _refused() -> HttpResponse:
    told = f"format must be one of {', '.join(FORMATS)}.\n"
    return HttpResponse(told, status=400, content_type="text/plain")
