"""One run: its page, and the fragment that keeps its head fresh.  WEB."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard import chips, controls
from dashboard.access import run_or_404, signed_in
from dashboard.attempts import ends_of
from dashboard.comparing import amount_of, comparison
from dashboard.death import cards_of, dead_of, end_of, title_of
from dashboard.htmx import etag_of, tagged, unchanged
from dashboard.left import time_left
from dashboard.parting import parting_of
from dashboard.quiet import quiet_notes
from dashboard.receipt import Receipt
from dashboard.rows import started_by
from dashboard.views.workflow import tree_of
from dashboard.window import Asked, open_window
from tasklog.download.formats import TITLES
from tasklog.envelopes import following
from tasklog.models import TaskAttempt, TaskRun
from tasklog.states import State
from tasklog.workflows.members import Workflow, belongs, workflow_of
from tasklog.workflows.summary import Summary

TABS = ("log", "details", "attempts", "workflow", "compare")


@require_GET
@signed_in
def page(request: HttpRequest, task_id: str) -> HttpResponse:
    """The page with one of its tabs."""
    run = run_or_404(request, task_id)
    context = _head(run, request.user) | {"tab": _tab(request), "in_workflow": belongs(run)}
    if context["tab"] == "log":
        context |= _log(run, context["attempts"], Asked.read(request.GET))
    elif context["tab"] == "details":
        context |= {"arguments": _pretty(run.args), "keywords": _pretty(run.kwargs)}
        context |= {"amount": amount_of(run)}
    elif context["tab"] == "workflow":
        context |= _workflow(request, run)
    elif context["tab"] == "compare":
        unusual = request.GET.get("lines") == "unusual"
        context |= comparison(run, request.user, unusual=unusual)
    else:
        attempts = context["attempts"]
        context["deaths"] = cards_of(attempts, request.user)
        context["parting"] = parting_of(run, attempts) if context["comparable"] else None
    return render(request, "dashboard/run/detail.html", context)


@require_GET
@signed_in
def status(request: HttpRequest, task_id: str) -> HttpResponse:
    """The head, and what else of the log's tab moves; 304 while nothing has changed."""
    run = run_or_404(request, task_id)
    context = _head(run, request.user) | {"tab": _tab(request), "chips": _chips(run, Asked())}
    if same := unchanged(request, context["etag"]):
        return same
    return tagged(render(request, "dashboard/run/_status.html", context), context["etag"])


def _tab(request: HttpRequest) -> str:
    tab = request.GET.get("tab", "")
    if tab == "compare" and not apps.is_installed("tasklog.insights"):
        return "log"
    return tab if tab in TABS else "log"


def _head(run: TaskRun, user: Any) -> dict[str, Any]:
    attempts = list(TaskAttempt.objects.filter(task_id=run.task_id).order_by("number"))
    receipt = Receipt.of(run, attempts)
    context = {
        "run": run,
        "attempts": attempts,
        "receipt": receipt,
        "started_by": started_by(run),
        "left": time_left(run),
        "quiet": quiet_notes([run]).get(run.pk),
        "ended": run.finished and not receipt.open,
        "death": end_of(run, attempts, user),
        "earlier": [(one.number, title_of(one)) for one in _earlier(run, attempts)],
        "formats": TITLES,
        "buttons": controls.buttons_of(run, user),
        "raised": controls.raised_of(run),
        "reruns": controls.reruns_of(run, user),
        "following": "" if run.state == State.SUCCESS else following(run),
        "comparable": apps.is_installed("tasklog.insights"),
    }
    return {**context, "etag": _etag(context)}


def _earlier(run: TaskRun, attempts: list[TaskAttempt]) -> list[TaskAttempt]:
    """Those that died before the end that the head shows."""
    return dead_of(attempts[:-1] if run.finished else attempts)


def _etag(context: dict[str, Any]) -> str:
    run: TaskRun = context["run"]
    quiet, raised = context["quiet"], context["raised"]
    return etag_of(
        run.state, run.cause, run.reason, run.retries, len(context["attempts"]), run.worker,
        run.queue, run.progress, run.progress_message, run.warning_count, run.error_count,
        run.counts, run.started_at, run.finished_at, context["receipt"], context["death"],
        context["earlier"], run.rerun_of, context["reruns"], context["left"],
        quiet and (quiet.since, quiet.usual), raised and (raised.until, raised.by),
    )  # fmt: skip


def _log(run: TaskRun, attempts: list[TaskAttempt], asked: Asked) -> dict[str, Any]:
    window = open_window(run.task_id, asked)
    return {
        "asked": asked,
        "window": window,
        "attempt_end": ends_of(run.task_id).get(asked.attempt) if asked.attempt else "",
        "seen": max(run.line_count, window.last),
        "here": run.get_absolute_url(),
        "chips": _chips(run, asked) + chips.of_attempts(attempts, asked),
        "loggers": chips.of_loggers(chips.Counts.of([run]), asked),
    }


def _chips(run: TaskRun, asked: Asked) -> list[chips.Chip]:
    return chips.of_lines(chips.Counts.of([run]), asked)


def _workflow(request: HttpRequest, run: TaskRun) -> dict[str, Any]:
    """The tree around this run, of what its reader may see."""
    workflow = workflow_of(run.task_id, request.user) or Workflow([run])
    tree = tree_of(request, workflow, tab="workflow")
    return {"workflow": workflow, "summary": Summary(workflow.runs), **tree}


def _pretty(text: str) -> str:
    """JSON with line breaks; anything else as it stands."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
