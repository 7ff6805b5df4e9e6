"""`GET workflows/<id>/`: the tree of a workflow.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.serializers import RunSerializer
from tasklog.api.views import ApiView, attempts_of
from tasklog.models import TaskRun
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
                "hidden": workflow.hidden,
                "complete": not workflow.cut,
                "started_at": summary.began,
                "completed_at": summary.ended,
                "duration": round(summary.duration.total_seconds(), 6),
                "line_count": summary.lines,
                "tree": _tree(workflow.runs),
            }
        )


def _tree(runs: list[TaskRun]) -> list[dict[str, Any]]:
    tree, serializer = Tree(runs), RunSerializer(context=attempts_of(runs))
    return [
        {
            **serializer.to_representation(run),
            "depth": depth,
            "below": tree.parents[run.task_id],
            "callback": run.task_id in tree.callbacks,
        }
        for run, depth in tree.in_order()
    ]
