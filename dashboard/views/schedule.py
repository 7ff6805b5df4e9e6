"""One schedule: its page, its form, and what its buttons do.  WEB."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.access import administrators, operators, signed_in
from dashboard.views.schedules import Row
from tasklog.control.actions import perform
from tasklog.control.schedules.form import FIELDS_OF, ScheduleForm, task_names
from tasklog.control.schedules.listing import describe, find
from tasklog.control.schedules.verbs import SAVE, VERBS, act
from tasklog.control.second_look import second_look

FORM = "dashboard/schedules/form.html"


@require_safe
@signed_in
def page(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """When it runs, what it sends, how it went."""
    task = _or_404(schedule_id)
    schedule = describe(task, request.user)
    context = {
        "row": Row(schedule),
        "schedule": schedule,
        "task": task,
        "arguments": _pretty(task.args),
        "keywords": _pretty(task.kwargs),
        "next": [(at, at.astimezone(_zone(task))) for at in schedule.next],
        "zone": str(_zone(task)),
        "may_act": VERBS["run"].allowed(request.user),
        "may_edit": SAVE.allowed(request.user),
    }
    return render(request, "dashboard/schedules/detail.html", context)


@require_POST
@operators
def verb(request: HttpRequest, schedule_id: str, verb: str) -> HttpResponse:
    """Enable, disable, run, skip, keep, delete; then back to where the button stood."""
    task = _or_404(schedule_id)
    if verb not in VERBS:
        raise Http404(f"A schedule knows no “{verb}”. There are: {', '.join(VERBS)}.")
    outcome = act(verb, request, task)
    if verb == "run" and outcome.done:
        return redirect("dashboard:run", outcome.made)
    (messages.success if outcome.done else messages.error)(request, outcome.told)
    if verb == "delete" or request.POST.get("then") == "list":
        return redirect("dashboard:schedules")
    return redirect("dashboard:schedule", schedule_id)


@require_safe
@administrators
def new(request: HttpRequest) -> HttpResponse:
    """The empty form; `?task=` fills its task in."""
    return _edit(request, None)


@require_POST
@administrators
def make(request: HttpRequest) -> HttpResponse:
    """Makes what the form says, or shows it again with what is wrong."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def edit(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """The form as the schedule stands."""
    return _edit(request, _or_404(schedule_id))


@second_look
def _edit(request: HttpRequest, task: Any) -> HttpResponse:
    offered = {"task": request.GET["task"][:200]} if "task" in request.GET and not task else {}
    form = ScheduleForm(request.POST or None, task=task, initial=offered)
    if request.method == "POST" and form.is_valid():
        word = "edit" if task else "make"
        named = f"{word} {form.cleaned_data['name']}"
        outcome = perform(SAVE, request, form, named=named)
        messages.success(request, outcome.told)
        return redirect("dashboard:schedule", outcome.made.pk)
    kinds = {kind: [form[name] for name in names] for kind, names in FIELDS_OF.items()}
    context = {"form": form, "task": task, "kinds": kinds, "names": task_names()}
    return render(request, FORM, context, status=422 if request.method == "POST" else 200)


def _or_404(schedule_id: str) -> Any:
    task = find(schedule_id)
    if task is None:
        raise Http404(f"There is no schedule with the id {schedule_id}.")
    return task


def _zone(task: Any) -> Any:
    return task.crontab.timezone if task.crontab else UTC


def _pretty(text: str) -> str:
    """JSON with line breaks; anything else as it stands; nothing for an empty one."""
    try:
        value = json.loads(text or "null")
    except ValueError:
        return text
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
