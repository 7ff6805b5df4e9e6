"""The hours in which something was not as usual, newest first.  WEB."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.insights import LONGEST, of_all_runs
from tasklog.insights.models import Anomaly

PAGE = 50


@require_safe
@of_all_runs
def page(request: HttpRequest) -> HttpResponse:
    """A page of them."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in Anomaly.Kind.values else ""
    task = request.GET.get("task", "").replace("\0", "").strip()[:LONGEST]
    rows = Anomaly.objects.order_by("-hour", "-pk").select_related("pattern")
    if kind:
        rows = rows.filter(kind=kind)
    if task:
        rows = rows.filter(task=task)
    found = list(rows.filter(_before(request.GET.get("before", "")))[: PAGE + 1])
    shown = found[:PAGE]
    context = {
        "anomalies": shown,
        "kinds": Anomaly.Kind.choices,
        "kind": kind,
        "task": task,
        "older": f"{shown[-1].hour}_{shown[-1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "dashboard/insights/anomalies.html", context)


def _before(text: str) -> Q:
    """Where a page begins; the newest for what we did not write."""
    hour, _, key = text.partition("_")
    if not (hour.isdecimal() and key.isdecimal() and len(hour) < 10 and len(key) < 19):
        return Q()
    return Q(hour__lt=int(hour)) | Q(hour=int(hour), pk__lt=int(key))
