"""`task-names/…`: what each task did lately, and how it failed.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tasklog.api.serializers import RunSerializer, text, whole, word
from tasklog.api.views import ApiView, attempts_of, checked
from tasklog.models import TaskRun
from tasklog.task_numbers import (
    ORDERS,
    WINDOWS,
    Failure,
    Task,
    failures_of,
    is_known,
    last_failures,
    task_within,
    tasks_within,
)

PAGE = 100


class FailureSerializer(serializers.Serializer[Failure]):
    """Failures of one kind; `place` is the frame of the project's own code they came from."""

    signature = serializers.CharField()
    kind = serializers.CharField()
    place = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    last_run = serializers.CharField()


class NumbersSerializer(serializers.Serializer[Task]):
    """One task within a window: durations in seconds, `success_rate` in per cent of what succeeded
    or failed; `throughput` (runs) and `trend` (middle duration) by hour or day, oldest first.
    """

    name = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    window = serializers.CharField(source="window.word")
    runs = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField(source="bad")
    revoked = serializers.IntegerField()
    retries = serializers.IntegerField()
    lines = serializers.IntegerField()
    success_rate = serializers.FloatField(source="success", allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    per_hour = serializers.FloatField()
    throughput = serializers.ListField(child=serializers.FloatField())
    trend = serializers.ListField(child=serializers.FloatField())
    last_failure = FailureSerializer(allow_null=True)


class NamesPage(serializers.Serializer[Any]):
    """A page of tasks; `total` counts all that fit."""

    next = serializers.URLField(allow_null=True)
    total = serializers.IntegerField()
    results = NumbersSerializer(many=True)


class FailedRun(RunSerializer):
    """A run that failed; `why` is the beginning of its reason or exception."""

    why = serializers.CharField()


class OneName(NumbersSerializer):
    """One task with how it failed: kinds of all time, and its last failures."""

    failures = FailureSerializer(many=True)
    last_failures = FailedRun(many=True)


class WindowQuery(serializers.Serializer[Any]):
    """The time that is looked at."""

    window = word(tuple(WINDOWS), default="24h")


class NamesQuery(WindowQuery):
    """The parameters of the list of tasks."""

    q = text(default="", help_text="A part of the name.")
    tag = text(default="", help_text="A tag the task has.")
    sort = word(tuple(ORDERS), default="name")
    page = whole(1, 10_000, default=1)


class Names(ApiView):
    """Every task that ended a run within the window, 100 a page."""

    scope = "tasks:read"
    query, answer = NamesQuery, NamesPage

    def get(self, request: Request) -> Response:
        asked = checked(NamesQuery, request)
        tasks = tasks_within(request.user, WINDOWS[asked["window"]]).values()
        found = [task for task in tasks if task.fits(asked["q"], asked["tag"])]
        found.sort(key=ORDERS[asked["sort"]])
        last = asked["page"] * PAGE
        url = replace_query_param(request.build_absolute_uri(), "page", str(asked["page"] + 1))
        results = [NumbersSerializer(task).data for task in found[last - PAGE : last]]
        following = url if len(found) > last else None
        return Response({"next": following, "total": len(found), "results": results})


class Name(ApiView):
    """One task: its numbers within the window, its failures by kind, and the last of them."""

    scope = "tasks:read"
    query, answer = WindowQuery, OneName

    def get(self, request: Request, name: str) -> Response:
        window = WINDOWS[checked(WindowQuery, request)["window"]]
        user = request.user
        name_or_404(user, name)
        failed = last_failures(user, name)
        told, kinds = attempts_of(failed), failures_of(user, name)
        task = task_within(user, name, window)
        task.last_failure = kinds[0] if kinds else None
        return Response(
            {
                **NumbersSerializer(task).data,
                "failures": [FailureSerializer(one).data for one in kinds],
                "last_failures": [
                    {**RunSerializer(run, context=told).data, "why": why(run)} for run in failed
                ],
            }
        )


def name_or_404(user: Any, name: str) -> None:
    if not is_known(user, name):
        raise Http404(f"There is no task called {name}.")


def why(run: TaskRun) -> str:
    """As it was annotated; the reason may be no text at all."""
    return str(getattr(run, "why", "") or "")
