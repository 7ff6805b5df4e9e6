"""`GET /api/task-status/<id>/`, `…/task-progress/<id>/`, `…/task-overview/`, `…/health/`.  WEB."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from demo.api.starting import Links, links_of
from tasklog.api.views import ApiView
from tasklog.health import run_probes
from tasklog.models import TaskRun
from tasklog.states import BAD, FINISHED, Cause, State

# No figure of the overview counts further.
MOST = 10_000
SPAN = timedelta(hours=24)


class Workflow(serializers.Serializer[Any]):
    """The runs that have this one as their root, itself among them; at most 10,000 are counted."""

    tasks = serializers.IntegerField()
    finished = serializers.IntegerField()
    failed = serializers.IntegerField()
    will_not_run = serializers.IntegerField()


class StatusAnswer(serializers.Serializer[Any]):
    """`status` is Celery's word, or TIMEOUT or LOST."""

    task_id = serializers.CharField()
    task_name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(State.values)
    result = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    cause = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    retries = serializers.IntegerField()
    root_id = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    workflow = Workflow()
    links = Links()


class Status(ApiView):
    """What became of a task: its state, result or error, and the workflow it is root of."""

    scope = "tasks:read"
    answer = StatusAnswer

    def get(self, request: Request, task_id: str) -> Response:
        run = self.run_or_404(task_id)
        state, error = state_of(run)
        return Response(
            {
                "task_id": run.pk, "task_name": run.name, "status": state,
                "result": run.result, "error": error, "cause": run.cause,
                "reason": run.reason, "retries": run.retries, "root_id": run.root_id,
                "created_at": run.created_at, "started_at": run.started_at,
                "completed_at": run.finished_at,
                "duration": run.duration.total_seconds() if run.duration is not None else None,
                "workflow": _workflow(TaskRun.objects.visible_to(request.user), run),
                "links": links_of(run.pk),
            }
        )  # fmt: skip


def state_of(run: TaskRun) -> tuple[str, str]:
    """State and error.  The end of a chain that broke before never runs, and says so."""
    return run.state, run.reason if run.cause == Cause.NOT_REACHED else run.exception


def _workflow(runs: QuerySet[TaskRun], run: TaskRun) -> dict[str, int]:
    found = runs.filter(root_id=run.pk).order_by().values_list("pk", "state", "cause")[:MOST]
    states = {pk: (state, cause) for pk, state, cause in found}
    states.setdefault(run.pk, (run.state, run.cause))
    never = sum(cause == Cause.NOT_REACHED for _, cause in states.values())
    ended = [state for state, _ in states.values() if state in FINISHED]
    failed = sum(state in BAD for state in ended) - never
    return {
        "tasks": len(states), "finished": len(ended), "failed": failed, "will_not_run": never,
    }  # fmt: skip


class ProgressAnswer(serializers.Serializer[Any]):
    """`progress` 0–100; null where the task says nothing and has not ended."""

    task_id = serializers.CharField()
    status = serializers.ChoiceField(State.values)
    progress = serializers.FloatField(allow_null=True)
    message = serializers.CharField(allow_blank=True)
    line_count = serializers.IntegerField()
    elapsed = serializers.FloatField(allow_null=True)


class Progress(ApiView):
    """How far a task is."""

    scope = "tasks:read"
    answer = ProgressAnswer

    def get(self, request: Request, task_id: str) -> Response:
        run = self.run_or_404(task_id)
        return Response(
            {
                "task_id": run.pk, "status": state_of(run)[0], "progress": _percent(run),
                "message": run.progress_message, "line_count": run.line_count,
                "elapsed": run.duration.total_seconds() if run.duration is not None else None,
            }
        )  # fmt: skip


def _percent(run: TaskRun) -> float | None:
    if run.state == State.SUCCESS:
        return 100.0
    return run.progress if run.progress is not None and math.isfinite(run.progress) else None


class OverviewAnswer(serializers.Serializer[Any]):
    """Runs created within the last `hours`, by state; no figure counts beyond `most`."""

    hours = serializers.IntegerField()
    most = serializers.IntegerField()
    total = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    success_rate = serializers.FloatField(allow_null=True)


class Overview(ApiView):
    """Statistics of the last day."""

    scope = "tasks:read"
    answer = OverviewAnswer

    def get(self, request: Request) -> Response:
        lately = timezone.now() - SPAN
        by_state = _counts(TaskRun.objects.visible_to(request.user), lately)
        good, bad = by_state["SUCCESS"], sum(by_state[state] for state in BAD)
        return Response(
            {
                "hours": SPAN // timedelta(hours=1), "most": MOST,
                "total": sum(by_state.values()), "by_status": by_state,
                "success_rate": round(good / (good + bad), 4) if good + bad else None,
            }
        )  # fmt: skip


def _counts(runs: QuerySet[TaskRun], since: datetime) -> dict[str, int]:
    """Each state by its index, and no further than MOST."""
    return {
        state: runs.filter(state=state, created_at__gte=since).order_by()[:MOST].count()
        for state in State.values
    }


class CheckAnswer(serializers.Serializer[Any]):
    """One probe of the diagnostics page; `ok` null: it works, but somebody should look."""

    name = serializers.CharField()
    title = serializers.CharField()
    ok = serializers.BooleanField(allow_null=True)
    value = serializers.CharField(allow_blank=True)
    advice = serializers.CharField(allow_blank=True)


class HealthAnswer(serializers.Serializer[Any]):
    """`status` is ok, degraded or failing."""

    status = serializers.ChoiceField(("ok", "degraded", "failing"))
    checks = CheckAnswer(many=True)


class Health(ApiView):
    """Does everything answer?  Always a 200 that says so in words; `/readyz` is for probers."""

    scope = "tasks:read"
    answer = HealthAnswer

    def get(self, request: Request) -> Response:
        probes = run_probes()
        oks = {probe.ok for probe in probes}
        status = "failing" if False in oks else "degraded" if None in oks else "ok"
        names = ("name", "title", "ok", "value", "advice")
        checks = [{name: getattr(probe, name) for name in names} for probe in probes]
        return Response({"status": status, "checks": checks})
