"""`GET workflows/`, `GET workflows/<id>/`: what belongs together, and its tree.  WEB."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tasklog.api.serializers import RunSerializer, text
from tasklog.api.views import AS_THEY_ARE, ApiView, attempts_of, checked
from tasklog.models import TaskRun
from tasklog.states import State
from tasklog.workflows.coming import Coming
from tasklog.workflows.members import Workflow, workflow_of
from tasklog.workflows.recent import recent_workflows
from tasklog.workflows.summary import Summary
from tasklog.workflows.tree import Tree

# Up to the year 5138.
_MICROS = re.compile(r"[0-9]{1,17}")


class StepSerializer(serializers.Serializer[Any]):
    """What is to come behind the run `behind`; `task_id` is empty where it is several."""

    task_id = serializers.CharField()
    task_name = serializers.CharField()
    count = serializers.IntegerField()
    behind = serializers.CharField()
    callback = serializers.BooleanField()


class WorkflowSummary(serializers.Serializer[Any]):
    """Runs that belong together; `failed` holds task ids, `hidden` counts runs you may not see.

    `made_good` are failures whose retry went well, `unreached` counts steps that will not run.
    """

    root_id = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(State.choices)
    runs = serializers.IntegerField()
    finished = serializers.IntegerField()
    failed = serializers.ListField(child=serializers.CharField())
    states = serializers.DictField(child=serializers.IntegerField())
    made_good = serializers.ListField(child=serializers.CharField())
    to_come = StepSerializer(many=True)
    will_not_run = StepSerializer(many=True)
    unreached = serializers.IntegerField()
    hidden = serializers.IntegerField()
    complete = serializers.BooleanField()
    started_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    duration = serializers.FloatField()
    line_count = serializers.IntegerField()


class Branch(RunSerializer):
    """A run in the tree: `below` is the task id it stands under."""

    depth = serializers.IntegerField()
    below = serializers.CharField(allow_null=True)
    callback = serializers.BooleanField()


class WorkflowWithTree(WorkflowSummary):
    """One workflow."""

    tree = Branch(many=True)


class WorkflowPage(serializers.Serializer[Any]):
    """A page of workflows."""

    next = serializers.URLField(allow_null=True)
    results = WorkflowSummary(many=True)


class WorkflowsQuery(serializers.Serializer[Any]):
    """The parameters of the list of workflows."""

    cursor = text(default="")


class WorkflowList(ApiView):
    """Chains, groups and chords, the one with the newest run first, 25 a page."""

    scope = "tasks:read"
    query, answer = WorkflowsQuery, WorkflowPage

    def get(self, request: Request) -> Response:
        found = recent_workflows(request.user, _moment(checked(WorkflowsQuery, request)["cursor"]))
        url = request.build_absolute_uri()
        following = found.older and replace_query_param(url, "cursor", str(_micros(found.older)))
        results = [summary_json(workflow) for workflow in found.workflows]
        return Response({"next": following, "results": results})


class WorkflowView(ApiView):
    """Base of what is about one; the id is that of any of its runs."""

    def workflow_or_404(self, task_id: str) -> Workflow:
        workflow = workflow_of(task_id, self.request.user)
        if workflow is None:
            raise Http404(f"There is no workflow with the id {task_id}.")
        return workflow


class Detail(WorkflowView):
    """All runs of a workflow in the order of its tree; the id is that of any of its runs.

    A flat list: a chain of a thousand tasks would be nested deeper than programs read JSON.
    """

    scope = "tasks:read"
    answer = WorkflowWithTree

    def get(self, request: Request, task_id: str) -> Response:
        workflow = self.workflow_or_404(task_id)
        return Response({**summary_json(workflow), "tree": _tree(workflow.runs)})


def summary_json(workflow: Workflow) -> dict[str, Any]:
    """A workflow for programs, its tree aside."""
    summary = Summary(workflow.runs)
    return {
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
    }


def _step(step: Coming) -> dict[str, Any]:
    """`behind`: the run it waits for, or the one that failed."""
    return {
        "task_id": step.task_id if step.count == 1 else "", "task_name": step.name,
        "count": step.count, "behind": step.behind.task_id, "callback": step.callback,
    }  # fmt: skip


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


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _moment(cursor: str) -> datetime | None:
    if cursor and not _MICROS.fullmatch(cursor):
        raise ValidationError({"cursor": AS_THEY_ARE})
    return datetime.fromtimestamp(int(cursor) / 1_000_000, UTC) if cursor else None
