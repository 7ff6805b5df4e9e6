"""The hours in which something was not as usual, storm by storm, the newest first.  WEB."""

from __future__ import annotations

from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.insights import LONGEST, of_all_runs
from tasklog.insights.models import Anomaly
from tasklog.insights.storms import Storm, gathered

# Storms of a page.
PAGE = 30


@require_safe
@of_all_runs
def page(request: HttpRequest) -> HttpResponse:
    """A page of them."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in Anomaly.Kind.values else ""
    task = request.GET.get("task", "").replace("\0", "").strip()[:LONGEST]
    rows = Anomaly.objects.order_by()
    if kind:
        rows = rows.filter(kind=kind)
    if task:
        rows = rows.filter(task=task)
    storms, older = storms_of(rows, request.GET.get("before", ""))
    context = {
        "storms": storms,
        "kinds": Anomaly.Kind.choices,
        "kind": kind,
        "task": task,
        "older": older,
    }
    return render(request, "dashboard/insights/anomalies.html", context)


def storms_of(rows: QuerySet[Anomaly], before: str) -> tuple[list[Storm], str]:
    """A page of whole storms, and where the next one begins ("" for none)."""
    ends = rows.values("task", "storm").annotate(last=Max("hour"), newest=Max("pk"))
    found = list(ends.filter(_before(before)).order_by("-last", "-newest")[: PAGE + 1])
    shown = found[:PAGE]
    older = f"{shown[-1]['last']}_{shown[-1]['newest']}" if len(found) > PAGE else ""
    keys = {(one["task"], one["storm"]) for one in shown}
    signs = rows.filter(storm__in={storm for _, storm in keys}).select_related("pattern")
    return gathered(row for row in signs if (row.task, row.storm) in keys), older


def _before(text: str) -> Q:
    """Where a page begins; the newest for what we did not write."""
    hour, _, key = text.partition("_")
    if not (hour.isdecimal() and key.isdecimal() and len(hour) < 10 and len(key) < 19):
        return Q()
    return Q(last__lt=int(hour)) | Q(last=int(hour), newest__lt=int(key))
