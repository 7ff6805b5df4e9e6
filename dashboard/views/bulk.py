"""Retry or revoke many runs: what would happen, then that.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboard.access import operators
from dashboard.filters import RunFilter
from dashboard.listing import all_runs
from dashboard.views.control import ASKED, LEVELS
from tasklog.control.bulk import ACTIONS, MOST, carry_out, counted, plan
from tasklog.models import TaskRun

# Of each kind the dry run shows so many.
SAMPLE = 10


@require_http_methods(ASKED)
@operators
def page(request: HttpRequest, word: str) -> HttpResponse:
    """GET: the dry run of a filter or of ticked rows.  POST: the runs it named, and no others."""
    if word not in ACTIONS:
        raise Http404(f"Nothing is called {word} here. There are: {', '.join(ACTIONS)}.")
    if request.method != "POST":
        return _dry_run(request, word)
    ids = request.POST.get("ids", "").split()
    if not 0 < len(ids) <= MOST:
        told = f"Choose 1 to {MOST:,} runs; these are {len(ids):,}."
        return _dry_run(request, word, problem=told, status=422)
    planned = plan(word, runs_or_404(request, ids))
    if not planned.possible:
        return _dry_run(request, word, problem="None of them can be; see why.", status=422)
    rest = {"rest": True} if word == "retry" and "rest" in request.POST else {}
    outcome = carry_out(planned, request, **rest)
    messages.add_message(request, LEVELS[outcome.result], outcome.told)
    return redirect(reverse("dashboard:runs") + _back(request))


def runs_or_404(request: HttpRequest, ids: list[str]) -> list[TaskRun]:
    """These runs; one that this user may not see, or that is none, and all are refused."""
    wanted = {task_id for task_id in ids if "\0" not in task_id}
    visible = TaskRun.objects.visible_to(request.user)
    runs = list(visible.filter(pk__in=wanted).order_by("-created_at", "-pk"))
    if len(runs) != len(set(ids)):
        raise Http404("At least one of these runs does not exist; nothing was done.")
    return runs


def _dry_run(request: HttpRequest, word: str, problem: str = "", status: int = 200) -> HttpResponse:
    runs, more = _runs(request)
    if not runs and request.GET.get("ticked") and not problem:
        problem, status = "No run is ticked.", 422
    planned = plan(word, runs)
    context = {
        "word": word, "planned": planned, "looked_at": counted(len(runs)), "more": more,
        "most": MOST, "sample": planned.possible[:SAMPLE], "problem": problem,
        "ids": " ".join(run.pk for run in planned.possible), "back": _back(request),
        "rest": len(planned.possible) - SAMPLE,
    }  # fmt: skip
    return render(request, "dashboard/control/bulk.html", context, status=status)


def _runs(request: HttpRequest) -> tuple[list[TaskRun], bool]:
    """What the page is about: the ticked runs, or the list; and whether the list has more."""
    named = request.POST.get("ids", "").split() or request.GET.getlist("run")
    if named or request.GET.get("ticked"):
        return runs_or_404(request, named[:MOST]), len(named) > MOST
    return all_runs(TaskRun.objects.visible_to(request.user), RunFilter.read(request.GET), MOST)


def _back(request: HttpRequest) -> str:
    """The list as it was filtered."""
    asked: Any = RunFilter.read(request.GET)
    return str(asked.url(before=asked.before, after=asked.after)) if asked.narrow else ""
