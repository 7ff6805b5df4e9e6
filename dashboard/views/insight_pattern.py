"""One pattern: its hours, an example, the runs it was last seen in, patterns like it.  WEB."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.hour_bars import Bar, bar_chart
from dashboard.insights import of_all_runs
from tasklog.insights.lookup import ALIKE, find, places_of
from tasklog.insights.models import Pattern, hour_of

SPANS = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24}
SHOWN = 8


@require_safe
@of_all_runs
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about it."""
    pattern = Pattern.objects.filter(pk=pk).first() if pk < 2**63 else None
    if pattern is None:
        raise Http404("There is no pattern at this address.")
    span = request.GET.get("span", "")
    span = span if span in SPANS else "7d"
    context = {
        "pattern": pattern,
        "span": span,
        "spans": list(SPANS),
        "chart": _chart(pattern, SPANS[span]),
        "places": places_of(pattern, request.user),
        "similar": find(pattern.template, but=pattern.pk, limit=SHOWN, least=ALIKE),
        "anomalies": pattern.anomalies.all()[:10],
    }
    return render(request, "dashboard/insights/pattern.html", context)


def _chart(pattern: Pattern, hours: int) -> str:
    begin = hour_of(timezone.now()) + 1 - hours
    counts = dict(pattern.hours.filter(hour__gte=begin).values_list("hour", "count"))
    bars = [Bar(hour, counts.get(hour, 0)) for hour in range(begin, begin + hours)]
    return bar_chart(bars, "Lines an hour")
