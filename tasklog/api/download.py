"""`tasks/<id>/download/`, `workflows/<id>/download/`: a log as a file.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from tasklog.api.merged import wanted
from tasklog.api.serializers import LevelField, WordsField, text, whole, word
from tasklog.api.views import ApiView, checked
from tasklog.api.workflows import WorkflowView
from tasklog.archive.only import Only
from tasklog.download.formats import FORMATS
from tasklog.download.logs import run_file, workflow_file
from tasklog.line import STREAMS

TYPES = tuple(one.content_type for one in FORMATS.values())


class FileQuery(serializers.Serializer[Any]):
    """As what the file comes, and which lines are in it."""

    format = word(tuple(FORMATS), default="txt")
    level = LevelField(required=False)
    stream = WordsField(STREAMS)
    logger = text(default="")
    q = text(default="", trim_whitespace=False)


class RunFileQuery(FileQuery):
    """The same of one run."""

    attempt = whole(1, 2**31 - 1)


class MergedFileQuery(FileQuery):
    """The same of a workflow."""

    name = text(default="", help_text="Only runs of this task.")
    run = text(default="", help_text="Only this run.")


class RunDownload(ApiView):
    """All lines of a run as a file, or those that are asked for; streamed, however many."""

    scope = "logs:read"
    query, content_type = RunFileQuery, TYPES

    def get(self, request: Request, task_id: str) -> StreamingHttpResponse:
        asked = checked(RunFileQuery, request)
        run = self.run_or_404(task_id)
        return run_file(request._request, run, asked["format"], only_of(asked))


class WorkflowDownload(WorkflowView):
    """The lines of all its runs as one file, each with its branch."""

    scope = "logs:read"
    query, content_type = MergedFileQuery, TYPES

    def get(self, request: Request, task_id: str) -> StreamingHttpResponse:
        asked = checked(MergedFileQuery, request)
        workflow = self.workflow_or_404(task_id)
        runs = [run for run in workflow.runs if wanted(run, asked)]
        return workflow_file(request._request, workflow, runs, asked["format"], only_of(asked))


def only_of(asked: dict[str, Any]) -> Only:
    """Which lines a query asks for."""
    streams, level = asked.get("stream") or None, asked.get("level")
    return Only(level, streams, asked["q"], asked.get("attempt"), asked["logger"])
