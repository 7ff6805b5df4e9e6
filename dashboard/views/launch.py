"""Start a task by hand: its form, and what it refuses.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.access import operators
from dashboard.htmx import wants_fragment
from dashboard.launching import LaunchForm
from dashboard.views.control import ASKED
from tasklog.control.actions import Outcome, perform
from tasklog.control.launch import (
    LAUNCH,
    call_of,
    description,
    parameters,
    problems,
    task_of,
)
from tasklog.control.sending import BrokerAway, Call


@require_http_methods(ASKED)
@operators
def page(request: HttpRequest, name: str) -> HttpResponse:
    """The form of one task; started, it leads to its run."""
    try:
        task = task_of(name)
    except KeyError as error:
        raise Http404(
            f"No task {name} may be started here: CELERY_TASKLOG_LAUNCH names those that may."
        ) from error
    form = LaunchForm(parameters(task), request.POST if request.method == "POST" else None)
    outcome = _start(request, name, form) if request.method == "POST" else None
    if outcome and outcome.done:
        messages.success(request, outcome.told)
        return redirect("dashboard:run", outcome.made)
    context = {"name": name, "form": form, "told": description(task)}
    return render(request, "dashboard/launch/page.html", context, status=_status(request, outcome))


def _start(request: HttpRequest, name: str, form: LaunchForm) -> Outcome | None:
    call = _checked(name, form)
    if call is None:
        return None
    user: Any = request.user
    named = f"{call.name} {call.task_id}"
    outcome = perform(LAUNCH, request, call, named=named, by=user.get_username())
    if not outcome.done:
        form.add_error(None, outcome.told)
    return outcome


def _checked(name: str, form: LaunchForm) -> Call | None:
    if not form.is_valid():
        return None
    call = call_of(
        name, form.values(), queue=form.option("queue"), countdown=form.option("countdown"),
        priority=form.option("priority"),
    )  # fmt: skip
    form.refuse(problems(task_of(name), call.args, call.kwargs))
    return call if form.is_valid() else None


def _status(request: HttpRequest, outcome: Outcome | None) -> int:
    """htmx shows the form's 422; a 503 it leaves aside."""
    if request.method != "POST":
        return 200
    away = outcome is not None and isinstance(outcome.made, BrokerAway)
    return 503 if away and not wants_fragment(request) else 422
