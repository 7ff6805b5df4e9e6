"""What ran, failed and took how long: by task, project or tag, beside the time before.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.insights import PERIODS, of_all_runs
from tasklog.insights.grouped import GROUPINGS, compared
from tasklog.insights.models import hour_of

SHOWN = 200
SPANS = {word: span for word, span in PERIODS.items() if span}


@require_safe
@of_all_runs
def page(request: HttpRequest) -> HttpResponse:
    """One table; a word that is none counts as the first choice."""
    by, period = request.GET.get("by", ""), request.GET.get("period", "")
    by = by if by in GROUPINGS else "task"
    period = period if period in SPANS else "7d"
    end = hour_of(timezone.now()) + 1
    rows = compared(by, end - SPANS[period], end)
    context = {
        "by": by,
        "period": period,
        "groupings": [(one, f"?by={one}&period={period}") for one in GROUPINGS],
        "periods": [(word, f"?by={by}&period={word}") for word in SPANS],
        "rows": rows[:SHOWN],
        "known": any(row["before"]["ended"] for row in rows),
        "hidden": max(len(rows) - SHOWN, 0),
    }
    return render(request, "dashboard/insights/figures.html", context)
