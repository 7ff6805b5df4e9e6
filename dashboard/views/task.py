"""One task: its numbers, its last runs as bars, its failures by kind.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard import controls
from dashboard.access import signed_in
from dashboard.charts import Bar, run_bars
from dashboard.listing import HEAVY
from dashboard.rows import why
from dashboard.templatetags.tasklog_ui import human_duration
from tasklog import tags
from tasklog.models import TaskRun
from tasklog.task_numbers import WINDOWS, failures_of, is_known, last_failures, task_within

STRIP = 50


@require_safe
@signed_in
def page(request: HttpRequest, name: str) -> HttpResponse:
    """The page of one task; 404 for a name nobody knows."""
    return shown(request, name)


def shown(request: HttpRequest, name: str, *, typed: str = "", wrong: str = "") -> HttpResponse:
    """The page; with the tags that were `typed` and what is `wrong` with them."""
    if not is_known(request.user, name):
        raise Http404(f"There is no task called {name}.")
    window = WINDOWS.get(request.GET.get("window", "")) or WINDOWS["24h"]
    failures = failures_of(request.user, name)
    runs = TaskRun.objects.visible_to(request.user).filter(name=name)
    newest = list(runs.defer(*HEAVY).order_by("-created_at", "-task_id")[:STRIP])
    context = {
        "name": name,
        "task": task_within(request.user, name, window),
        "window": window,
        "windows": [(word, f"?window={word}", word == window.word) for word in WINDOWS],
        "tags": tags.of(name),
        "may_tag": controls.may_tag(request.user),
        "typed": typed,
        "wrong": wrong,
        "newest": newest,
        "strip": run_bars([_bar(run) for run in reversed(newest)], f"The last runs of {name}"),
        "failures": failures,
        "may_retry": "retry" in controls.bulk_words(request.user),
        "samples": _there(runs, [failure.last_run for failure in failures]),
        "last_failures": [(run, why(run)) for run in last_failures(request.user, name)],
    }
    return render(request, "dashboard/task/detail.html", context, status=422 if wrong else 200)


def _bar(run: TaskRun) -> Bar:
    took = run.duration
    words = f"{run.short_id}: {run.state_label}"
    if took is not None:
        words += f", {human_duration(took)}"
    seconds = took.total_seconds() if took is not None else 0.0
    return Bar(run.get_absolute_url(), run.state, seconds, words)


def _there(runs: Any, ids: list[str]) -> set[str]:
    """Those that still exist."""
    return set(runs.filter(pk__in=ids).values_list("pk", flat=True))
