"""`GET workflows/<id>/lines/`: the lines of all its runs as one log.  WEB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from tasklog.api.errors import shape
from tasklog.api.serializers import LevelField, LineSerializer, WordsField, line_json, text, whole
from tasklog.api.views import checked
from tasklog.api.workflows import WorkflowView
from tasklog.archive.merged import Told, newest, oldest
from tasklog.archive.only import Only
from tasklog.archive.strands import between, reaches_of, strands_of
from tasklog.line import STREAMS
from tasklog.models import TaskRun
from tasklog.workflows.members import Workflow
from tasklog.workflows.place import LONGEST, pack, unpack
from tasklog.workflows.summary import branch_names


class MergedQuery(serializers.Serializer[Any]):
    """The parameters of a workflow's lines; `next` and `previous` fill `after` and `before` in."""

    after = serializers.CharField(max_length=LONGEST, required=False)
    before = serializers.CharField(max_length=LONGEST, required=False)
    limit = whole(1, 1000, default=1000)
    level = LevelField(required=False)
    stream = WordsField(STREAMS)
    q = text(default="", trim_whitespace=False)
    name = text(help_text="Only runs of this task.")
    run = text(help_text="Only this run.")


class MergedLine(LineSerializer):
    """A line and whose it is; `branch` is the run's short name within the workflow."""

    task_id = serializers.CharField()
    task_name = serializers.CharField(allow_blank=True)
    branch = serializers.CharField()


class MergedPage(serializers.Serializer[Any]):
    """A window of lines; `more` without a `next`: narrow it by `run`, too many are still open."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    more = serializers.BooleanField()
    results = MergedLine(many=True)


class Merged(WorkflowView):
    """The lines of all its runs as one log, from its first, or from a place in it."""

    scope = "logs:read"
    query, answer = MergedQuery, MergedPage
    codes = {"409": "A run was put in between since, or began anew: start over."}

    def get(self, request: Request, task_id: str) -> Response:
        asked = checked(MergedQuery, request)
        workflow = self.workflow_or_404(task_id)
        window = Window(workflow, asked)
        if window.misfit:
            told = "The workflow has changed since: begin again without after and before."
            return Response(shape("changed", told), 409)
        return Response(window.as_json(request))


class Window:
    """The lines between two places of a workflow, from the first unless only `before` is given."""

    def __init__(self, workflow: Workflow, asked: dict[str, Any]) -> None:
        self.runs = workflow.runs
        self.limit = asked["limit"]
        self.backwards = "before" in asked and "after" not in asked
        self.reaches = reaches_of(workflow.runs)
        whole_ = {reach.task_id: reach.lines for reach in self.reaches}
        above = unpack(self.reaches, asked["after"]) if "after" in asked else {}
        below = unpack(self.reaches, asked["before"]) if "before" in asked else whole_
        self.misfit = above is None or below is None
        self.above, self.below = above or {}, below or {}
        self.wanted = [run for run in self.runs if wanted(run, asked)]
        self.only = Only(asked.get("level"), asked.get("stream") or None, asked["q"])

    def as_json(self, request: Request) -> dict[str, Any]:
        strands = between(strands_of(self.wanted), self.above, self.below)
        read = newest if self.backwards else oldest
        lines = read(strands, self.limit + 1, self.only)
        more = len(lines) > self.limit
        lines = lines[-self.limit :] if self.backwards else lines[: self.limit]
        first, last = self._edges(lines)
        following = last if more or self.backwards else ""
        previous = first if (more if self.backwards else self.above) else ""
        return {
            "next": _link(request, "after", following),
            "previous": _link(request, "before", previous),
            "more": more,
            "results": self._told(lines),
        }

    def _edges(self, lines: Sequence[Told]) -> tuple[str, str]:
        """The places above the first line and below the last."""
        start = self.below if self.backwards else self.above
        above, below = dict(start), dict(start)
        if self.backwards:
            above |= {task_id: line.number - 1 for task_id, line in reversed(lines)}
        else:
            below |= {task_id: line.number for task_id, line in lines}
        return pack(self.reaches, above), pack(self.reaches, below)

    def _told(self, lines: Sequence[Told]) -> list[dict[str, Any]]:
        branches, names = branch_names(self.runs), {run.task_id: run.name for run in self.runs}
        return [
            {
                **line_json(line), "task_id": task_id, "task_name": names[task_id],
                "branch": branches[task_id],
            }
            for task_id, line in lines
        ]  # fmt: skip


def wanted(run: TaskRun, asked: dict[str, Any]) -> bool:
    """Is it one of the runs that `name` and `run` ask for?"""
    return (asked.get("name") or run.name) == run.name and (asked.get("run") or run.pk) == run.pk


def _link(request: Request, edge: str, place: str) -> str | None:
    if not place:
        return None
    other = "before" if edge == "after" else "after"
    return replace_query_param(remove_query_param(request.build_absolute_uri(), other), edge, place)
