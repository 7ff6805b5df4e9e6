"""`GET workflows/<id>/`: the tree of a workflow.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.serializers import RunSerializer
from tasklog.api.views import ApiView, attempts_of
from tasklog.models import TaskRun
from tasklog.workflows.coming import Coming
from tasklog.workflows.members import workflow_of
from tasklog.workflows.summary import Summary
from tasklog.workflows.tree import Tree


class Detail(ApiView):
    """All runs of a workflow in the order of its tree; the id is that of any of its runs.

    A flat list: a chain of a thousand tasks would be nested deeper than programs read JSON.
    """

    scope = "tasks:read"

    def get(self, request: Request, task_id: str) -> Response:
        workflow = workflow_of(task_id, request.user)
        if workflow is None:
            raise Http404(f"There is no workflow with the id {task_id}.")
        summary = Summary(workflow.runs)
        return Response(
            {
                "root_id": workflow.key,
                "name": workflow.root.name,
                "status": summary.state,
                "runs": len(workflow),
                "finished": summary.finished,
                "failed": [run.task_id for run in summary.failed],
                "states": dict(summary.states),
                "made_good": sorted(summary.mended),
                "to_come": [_step(step) for step in summary.coming if not step.never],
                "will_not_run": [_step(step) for step in summary.coming if step.never],
                "unreached": summary.unreached,
                "hidden": workflow.hidden,
                "complete": not workflow.cut,
                "started_at": summary.began,
                "completed_at": summary.ended,
                "duration": round(summary.duration.total_seconds(), 6),
                "line_count": summary.lines,
                "tree": _tree(workflow.runs),
            }
        )


def _step(step: Coming) -> dict[str, Any]:
    """`behind`: the run it waits for, or the one that failed."""
    return {
        "task_id": step.task_id if step.count == 1 else "", "task_name": step.name,
        "count": step.count, "behind": step.behind.task_id, "callback": step.callback,
    }  # fmt: skip


def _tree(runs: list[TaskRun]) -> list[dict[str, Any]]:
    tree, told = Tree(runs), attempts_of(runs)
    return [
        {
            **RunSerializer(run, context=told).data,
            "depth": depth,
            "below": tree.parents[run.task_id],
            "callback": run.task_id in tree.callbacks,
        }
        for run, depth in tree.in_order()
    ]
