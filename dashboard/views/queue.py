"""One queue: its curve, who consumes it, what waits in it; and purging it.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.access import administrators, signed_in
from dashboard.charts import depth_chart
from dashboard.htmx import etag_of, living
from dashboard.views import queues
from dashboard.views.worker import TONES
from tasklog import memo
from tasklog.control.actions import perform
from tasklog.control.history import SPANS, history
from tasklog.control.purging import PURGE
from tasklog.control.queues import Queue
from tasklog.control.waiting import names_in, waiting_in

TEMPLATE = "dashboard/queue/detail.html"


@require_safe
@signed_in
def page(request: HttpRequest, name: str) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    queue, problem = _found(request, name)
    span = request.GET.get("span", "")
    span = span if span in SPANS else "1h"
    context: dict[str, Any] = {
        "queue": queue,
        "problem": problem,
        "span": span,
        "spans": list(SPANS),
        "chart": depth_chart(history(name, span), f"Messages waiting in {name}"),
        "names": names_in(request.user, name),
        "waiting": waiting_in(request.user, name),
        "may_purge": PURGE.allowed(request.user),
    }
    context["etag"] = etag_of(*(context[key] for key in ("queue", "problem", "chart", "names")),
                              [run.pk for run in context["waiting"]])  # fmt: skip
    return living(request, TEMPLATE, context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def purge(request: HttpRequest, name: str) -> HttpResponse:
    """First says how many would go; when that is confirmed they do."""
    queue, problem = _found(request, name)
    if request.method != "POST" or request.POST.get("sure") != "yes":
        context = {"queue": queue, "problem": problem, "names": names_in(request.user, name)}
        return render(request, "dashboard/queue/purge.html", context)
    outcome = perform(PURGE, request, name, named=f"{name}, {queue.depth or 0} waiting")
    getattr(messages, TONES[outcome.result])(request, outcome.told)
    memo.clear()
    return redirect("dashboard:queue", name)


def _found(request: HttpRequest, name: str) -> tuple[Queue, str]:
    found = queues.known(request.user)
    for queue in found.queues:
        if queue.name == name:
            return queue, found.problem
    raise Http404(f"There is no queue named {name}.")
