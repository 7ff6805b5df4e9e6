"""The reports that were made: a list, and the files to download.  WEB."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.access import signed_in
from demo.models import Report
from tasklog.models import TaskRun

SHOWN = 50
KINDS = {Report.Form.CSV: "text/csv", Report.Form.JSON: "application/json"}


def visible_to(user: Any) -> QuerySet[Report]:
    """One's own, and those whose run one may see."""
    if not user.is_authenticated:
        raise PermissionDenied
    runs = TaskRun.objects.visible_to(user).values("pk")
    return Report.objects.filter(Q(created_by=user.get_username()) | Q(task_id__in=runs))


@require_GET
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The newest reports."""
    reports = visible_to(request.user).defer("body")[:SHOWN]
    return render(request, "demo/reports.html", {"reports": reports})


@require_GET
@signed_in
def download(request: HttpRequest, number: int) -> HttpResponse:
    """One report's file; 404 until it is ready."""
    # A larger number fits no column.
    found = visible_to(request.user).filter(pk=number) if number < 2**63 else Report.objects.none()
    report = found.first()
    if report is None or report.status != Report.Status.READY:
        raise Http404("There is no such report, or it is not ready.")
    kind = f"{KINDS[Report.Form(report.form)]}; charset=utf-8"
    answer = HttpResponse(report.body, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{report.file_name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
