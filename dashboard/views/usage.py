"""What was used, day by day: bars with their figures.  WEB; a maintenance task counts."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.bars import bars
from dashboard.templatetags.tasklog_ui import bytes_, number
from tasklog.maintenance.models import UsageDay

SPANS = {"30": 30, "90": 90, "365": 365}
# A figure, its heading, how it is said.
FIGURES = (
    ("runs", "Runs", number, "accent"),
    ("failed", "Failed", number, "bad"),
    ("lines", "Lines", number, "ok"),
    ("size", "Bytes", bytes_, "ok"),
    ("users", "People", number, "accent"),
    ("keys", "API keys", number, "accent"),
)


class Figure(NamedTuple):
    """One chart: its heading, the sum or the most of a day, the bars."""

    title: str
    value: str
    chart: SafeString


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The newest days; `?days=` of 30, 90, 365."""
    asked = request.GET.get("days", "")
    span = asked if asked in SPANS else "30"
    days = list(UsageDay.objects.all()[: SPANS[span]])[::-1]
    context: dict[str, Any] = {
        "days": days[::-1],
        "span": span,
        "spans": list(SPANS),
        "figures": [_figure(days, *one) for one in FIGURES] if days else [],
        "counted_at": days[-1].updated_at if days else None,
    }
    return render(request, "dashboard/usage/page.html", context)


def _figure(days: list[UsageDay], name: str, title: str, said: Any, tone: str) -> Figure:
    """People and keys are not added up: somebody may come every day."""
    values = [getattr(day, name) for day in days]
    distinct = name in ("users", "keys")
    total = f"{said(max(values))} at most a day" if distinct else said(sum(values))
    labels = [f"{day.day:%Y-%m-%d}: {said(value)}" for day, value in zip(days, values, strict=True)]
    return Figure(title, total, bars(values, labels, f"{title} by day", tone))
