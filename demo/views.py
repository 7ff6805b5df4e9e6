"""The launcher: a form, a button per demo, and the list of what they started.  WEB."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboard.access import operators, signed_in
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from dashboard.views import run as run_view
from demo.catalogue import SHELVES, TASK_NAMES
from demo.forms import LaunchForm
from demo.launch import BrokerAway, launch
from demo.launch import start as start_pattern
from demo.pattern_forms import PatternForm, every_form
from demo.patterns import PATTERNS
from tasklog.audit.trail import record
from tasklog.models import TaskRun
from tasklog.roles import Role, role_of

# The newest so many runs of this long stand on the page; the runs list has the others.  Bounded by
# time too: the index is (name, created_at), and every name's part of it is read.
SHOWN, LATELY = 15, timedelta(days=7)
PAGE = "demo/home.html"


@require_GET
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx its list of runs: 304 while nothing in it has changed."""
    if not wants_fragment(request):
        return _page(request, LaunchForm())
    context = _runs(request)
    if same := unchanged(request, context["etag"]):
        return same
    return tagged(render(request, f"{PAGE}#runs", context), context["etag"])


@require_POST
@operators
def start(request: HttpRequest) -> HttpResponse:
    """Starts what was asked for and shows its run; with `then=stay` the launcher again."""
    if pattern := PATTERNS.get(request.POST.get("task_type", "")):
        return _start_pattern(request, PatternForm(pattern, request.POST.dict()))
    form = LaunchForm(request.POST)
    try:
        task_id = _launch(request, form) if form.is_valid() else None
    except BrokerAway as away:
        form.add_error(None, str(away))
        # htmx shows the form's 422; a 503 it leaves aside, as it must for a whole error page.
        return _again(request, form, 422 if wants_fragment(request) else 503)
    if task_id is None:
        return _again(request, form, 422)
    if request.POST.get("then") != "stay":
        return redirect("dashboard:run", task_id)
    if wants_fragment(request):
        return _again(request, form, 200)
    messages.success(request, f"{form.demo.title} started.")
    return redirect("demo:home")


@require_GET
@signed_in
def task(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """A demo's run, drawn by the dashboard's own page."""
    response: HttpResponseBase = run_view.page(request, task_id)
    return response


def _launch(request: HttpRequest, form: LaunchForm) -> str:
    plan = form.demo.plan(form.cleaned_data["duration"])
    launch(plan, request.user.get_username())
    record("launch", request=request, target=f"{form.demo.task.name} {plan.task_id}")
    return plan.task_id


def _start_pattern(request: HttpRequest, form: PatternForm) -> HttpResponse:
    """Starts a pattern and shows its first run; or its form again, open at what is wrong."""
    given = form.cleaned()
    if given is None:
        return _page(request, LaunchForm(), 422, form)
    try:
        plan = start_pattern(form.pattern, given, request.user.get_username())
    except BrokerAway as away:
        form.told = str(away)
        return _page(request, LaunchForm(), 503, form)
    record("launch", request=request, target=f"{plan.names[plan.root_id]} {plan.root_id}")
    return redirect("dashboard:run", plan.root_id)


def _again(request: HttpRequest, form: LaunchForm, status: int) -> HttpResponse:
    """The form as it was filled in, and the list; for htmx only these two."""
    if not wants_fragment(request):
        return _page(request, form, status)
    return render(request, f"{PAGE}#live", {**_runs(request), "form": form}, status=status)


def _page(
    request: HttpRequest, form: LaunchForm, status: int = 200, sent: PatternForm | None = None
) -> HttpResponse:
    context = {**_runs(request), "form": form, "shelves": SHELVES, "patterns": every_form(sent)}
    return render(request, PAGE, context, status=status)


def _runs(request: HttpRequest) -> dict[str, Any]:
    visible = TaskRun.objects.visible_to(request.user)
    ours = visible.filter(name__in=TASK_NAMES, created_at__gte=timezone.now() - LATELY)
    runs = list(ours.defer("result", "traceback", "exception").order_by("-created_at")[:SHOWN])
    may_start = role_of(request.user) >= Role.OPERATOR
    return {"runs": runs, "etag": etag_of([_facts(run) for run in runs]), "may_start": may_start}


def _facts(run: TaskRun) -> tuple[object, ...]:
    """What must differ for the list to be drawn anew; durations age in the browser."""
    return (
        run.task_id, run.state, run.cause, run.retries, run.progress, run.progress_message,
        run.line_count, run.warning_count, run.error_count, run.started_at, run.finished_at,
    )  # fmt: skip
