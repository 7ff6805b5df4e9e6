"""One workflow: its page with the tree or the merged log, and its living head.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from dashboard import chips
from dashboard.access import signed_in
from dashboard.asked import whole
from dashboard.branches import Place, branches, draw
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from dashboard.merged import Asked, open_window
from dashboard.views.workflows import title_of
from tasklog.download.formats import TITLES
from tasklog.models import TaskRun
from tasklog.workflows.members import Workflow, workflow_of
from tasklog.workflows.summary import Summary, branch_names

# So many failed runs are named at the top.
FAILED = 3


def workflow_or_404(request: HttpRequest, task_id: str) -> Workflow:
    """The workflow, if this user may see that run.  A foreign one and none look the same."""
    workflow = workflow_of(task_id, request.user)
    if workflow is None:
        raise Http404(f"There is no workflow with the id {task_id}.")
    return workflow


def page_of(key: str) -> str:
    """The address of a workflow's page."""
    return reverse("dashboard:workflow", args=[key])


@require_GET
@gzip_page
@signed_in
def page(request: HttpRequest, task_id: str) -> HttpResponse:
    """The page with one of its tabs; for htmx its head and tree, 304 while nothing changed."""
    workflow = workflow_or_404(request, task_id)
    context = head_of(workflow)
    context["tab"] = "log" if request.GET.get("tab") == "log" else "tree"
    # A group that is opened comes with the head, which polls for the tree as it stands then.
    if wants_fragment(request) and request.headers.get("HX-Target") != "tree":
        if same := unchanged(request, context["etag"]):
            return same
        if context["tab"] == "tree":
            context |= tree_of(request, workflow)
        else:
            asked = Asked.read(request.GET)
            context["chips"] = chips.of_lines(_counts(workflow, asked), asked)
        return tagged(render(request, "dashboard/workflow/_live.html", context), context["etag"])
    context |= _log(request, workflow) if context["tab"] == "log" else tree_of(request, workflow)
    return render(request, "dashboard/workflow/detail.html", context)


def head_of(workflow: Workflow) -> dict[str, Any]:
    """What stands above both tabs."""
    summary = Summary(workflow.runs)
    names = branch_names(workflow.runs)
    failed = [(run, names[run.task_id]) for run in summary.failed[:FAILED]]
    return {
        "workflow": workflow,
        "here": page_of(workflow.key),
        "summary": summary,
        "title": title_of(workflow),
        "failed": failed,
        "more_failed": len(summary.failed) - len(failed),
        "formats": TITLES,
        "etag": etag_of([_facts(run) for run in workflow.runs], workflow.hidden),
    }


def _facts(run: TaskRun) -> tuple[object, ...]:
    return run.task_id, run.state, run.started_at, run.finished_at, run.retries, run.line_count


def tree_of(request: HttpRequest, workflow: Workflow, **fixed: str) -> dict[str, Any]:
    """The tree, with the bundle that the address opens; `fixed` stands in all its addresses."""
    opened = request.GET.get("open", "")[:512].replace("\0", "")
    start = min(whole(request.GET, "from") or 0, len(workflow))
    skip = min(whole(request.GET, "skip") or 0, len(workflow) * 2)
    return {"drawing": draw(workflow, Place(opened, start, skip, tuple(fixed.items())))}


def _log(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    asked = Asked.read(request.GET)
    window = open_window(workflow, asked) or open_window(workflow, asked.anew())
    counts = _counts(workflow, asked)
    return {
        "asked": asked,
        "window": window,
        "branches": branches(workflow, asked),
        "chips": chips.of_lines(counts, asked),
        "loggers": chips.of_loggers(counts, asked),
    }


def _counts(workflow: Workflow, asked: Asked) -> chips.Counts:
    """Of the chosen branches."""
    wanted = [run.task_id for run in workflow.runs if asked.keeps(run)]
    columns = ("error_count", "warning_count", "counts", "loggers")
    return chips.Counts.of(TaskRun.objects.filter(pk__in=wanted).only(*columns))
