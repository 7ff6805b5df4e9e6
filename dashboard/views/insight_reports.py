"""Reports: the list, one of them, its file, and having one made.  WEB."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import operators
from dashboard.hour_bars import Bar, bar_chart
from dashboard.insights import of_all_runs
from tasklog.control.actions import perform
from tasklog.insights.files import FORMATS, file_of
from tasklog.insights.models import Report
from tasklog.insights.verbs import MAKE

SHOWN = 100


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
    return file_of(report, kind)


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


def _found(pk: int) -> Report:
    report = Report.objects.filter(pk=pk).first() if pk < 2**63 else None
    if report is None:
        raise Http404("There is no report at this address.")
    return report
