"""Reports: the list, one of them, its file, and having one made.  WEB."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import operators
from dashboard.hour_bars import Bar, bar_chart
from dashboard.insights import of_all_runs
from tasklog.control.actions import Action, Outcome, done, failed, perform
from tasklog.control.link import BrokerAway, link
from tasklog.insights import report as room
from tasklog.insights.models import Report
from tasklog.insights.tasks import generate_analytics_report

SHOWN = 100
FORMATS = {"html": "text/html", "txt": "text/plain", "json": "application/json"}


@require_safe
@of_all_runs
def page(request: HttpRequest) -> HttpResponse:
    """The newest reports."""
    context = {
        "reports": Report.objects.defer("html", "text", "data")[:SHOWN],
        "kinds": Report.Kind.choices,
        "may_make": MAKE.allowed(request.user),
    }
    return render(request, "dashboard/insights/reports.html", context)


@require_safe
@of_all_runs
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One report with its charts."""
    report = _found(pk)
    context: dict[str, object] = {"report": report, "data": report.data, "formats": FORMATS}
    if report.is_ready:
        bars = [Bar(hour, ended, bad) for hour, ended, bad, _ in report.data["hours"]]
        lines = [Bar(hour, count) for hour, _, _, count in report.data["hours"]]
        context["runs_chart"] = bar_chart(bars, "Runs that ended, by hour", "runs")
        context["lines_chart"] = bar_chart(lines, "Lines of runs that ended, by hour")
    return render(request, "dashboard/insights/report.html", context)


@require_safe
@of_all_runs
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The report as a file: as it was mailed, as text, or as JSON."""
    report = _found(pk)
    kind = request.GET.get("format", "html")
    if kind not in FORMATS:
        told = f"There is no format {kind[:20]}. Give one of {', '.join(FORMATS)}."
        return HttpResponse(told, status=400, content_type="text/plain")
    if not report.is_ready:
        raise Http404("There is no file of this report yet.")
    name = f"tasklog-{report.kind}-{report.begin}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content_type = f"{FORMATS[kind]}; charset=utf-8"
    return HttpResponse(_body(report, kind), content_type=content_type, headers=headers)


@require_POST
@operators
@of_all_runs
def make(request: HttpRequest) -> HttpResponseBase:
    """Has one made of the last full days; a worker does it."""
    kind = request.POST.get("kind", "")
    if kind not in Report.Kind.values:
        messages.error(request, f"Choose one of {', '.join(Report.Kind.values)}.")
        return redirect("dashboard:insight_reports")
    outcome = perform(MAKE, request, kind, by=request.user.get_username())
    tell = messages.success if outcome.done else messages.error
    tell(request, outcome.told)
    return redirect("dashboard:insight_reports")


def _make(kind: str, *, by: str) -> Outcome:
    report = room.begin(kind, by=by)
    try:
        with link() as broker:
            options: dict[str, Any] = {"connection": broker, "retry": False}
            generate_analytics_report.apply_async((report.pk,), **options)
    except BrokerAway as away:
        report.delete()
        return failed(f"Nothing was made. {away}")
    return done(f"{report.title} is being made. Look again in a moment.")


MAKE = Action("report", "Make report", _make)


def _found(pk: int) -> Report:
    report = Report.objects.filter(pk=pk).first() if pk < 2**63 else None
    if report is None:
        raise Http404("There is no report at this address.")
    return report


def _body(report: Report, kind: str) -> str:
    if kind == "json":
        return json.dumps(report.as_json(), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    return report.html if kind == "html" else report.text
