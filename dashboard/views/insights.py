"""Insights: what is worth reading today, and every pattern of lines.  WEB."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.insights import PERIODS, Asked, of_all_runs, page_of, task_names
from tasklog.insights.embeddings import is_on, missing
from tasklog.insights.mining import LINES
from tasklog.insights.models import Anomaly, Cursor, Finding, Report

# Findings shown at first; the others follow where they are asked for.
SHOWN = 8
# Yesterday's are still worth reading this morning.
FRESH = timedelta(days=2)


@require_safe
@of_all_runs
def page(request: HttpRequest) -> HttpResponse:
    """The findings, then the patterns, narrowed by what stands in the address."""
    asked = Asked.read(request.GET)
    patterns, older = page_of(asked)
    found = findings()
    everything = "findings" in request.GET
    context = {
        "asked": asked,
        "patterns": patterns,
        "older": older,
        "newest": asked.url() if asked.before else "",
        "tasks": task_names(),
        "periods": [(word, asked.url(period=word)) for word in PERIODS],
        "period": asked.period if asked.period in PERIODS else "7d",
        "levels": [(word, asked.url(level=word)) for word in ("", "warning", "error")],
        "findings": found if everything else found[:SHOWN],
        "hidden": 0 if everything else max(len(found) - SHOWN, 0),
        "anomalies": Anomaly.objects.exists(),
        "reports": Report.objects.exists(),
        "meaning": is_on(),
        "missing": missing() if asked.q else "",
        "mined": Cursor.objects.filter(name=LINES).first(),
    }
    return render(request, "dashboard/insights/list.html", context)


def findings() -> list[Finding]:
    """Those that lead, of the newest day that has any, if that is not long ago."""
    newest = Finding.objects.order_by("-day").first()
    if newest is None or newest.day < (timezone.now() - FRESH).date():
        return []
    rows = Finding.objects.filter(day=newest.day, head=None).select_related("pattern")
    return list(rows.prefetch_related("also__pattern"))
