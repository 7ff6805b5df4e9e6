"""Acting on runs from programs: retry, revoke, terminate, many at once, launch.  WEB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.errors import shape
from tasklog.api.models import ApiKey
from tasklog.api.orders import BulkOrder, LaunchOrder, RetryOrder, SignalOrder
from tasklog.api.parsing import ordered
from tasklog.api.views import ApiView
from tasklog.control import bulk, launch, runs
from tasklog.control.actions import Action, Outcome, perform
from tasklog.control.editing import completed, draft_of
from tasklog.control.payload import arguments_of
from tasklog.control.sending import BrokerAway, Call
from tasklog.models import TaskRun


class ControlView(ApiView):
    """Base of what acts: a key needs the scope `control`, a person the role of an operator."""

    scope = "control"
    codes = {
        "202": "No worker answered within a second: it may still happen.",
        "409": "It did not happen; the sentence says why.",
    }

    def perform(self, action: Action, target: Any, named: str, **arguments: Any) -> Outcome:
        request: Any = self.request._request
        if isinstance(self.request.auth, ApiKey):
            request.tasklog_key = self.request.auth
        by = self.request.user.get_username()
        return perform(action, request, target, named=named, by=by, **arguments)

    def on_run(self, action: Action, run: TaskRun, **arguments: Any) -> Outcome:
        return self.perform(action, run, runs.named(run), **arguments)


class Retry(ControlView):
    """Sends a finished run again; with `args` or `kwargs` those instead of its own."""

    body = RetryOrder

    def post(self, request: Request, task_id: str) -> Response:
        run, asked = self.run_or_404(task_id), ordered(RetryOrder, request)
        if not asked:
            return answer(self.on_run(runs.RETRY, run), _new(run))
        args, kwargs = _edited(run, asked)
        queue, countdown = asked.get("queue", ""), asked.get("countdown")
        outcome = self.on_run(
            runs.EDIT, run, args=args, kwargs=kwargs, queue=queue, countdown=countdown
        )
        return answer(outcome, _new(run))


class Revoke(ControlView):
    """Takes a waiting run back."""

    def post(self, request: Request, task_id: str) -> Response:
        return answer(self.on_run(runs.REVOKE, self.run_or_404(task_id)), _workers(task_id))


class Terminate(ControlView):
    """Ends a running one; `signal` is SIGTERM unless said otherwise."""

    body = SignalOrder

    def post(self, request: Request, task_id: str) -> Response:
        run, asked = self.run_or_404(task_id), ordered(SignalOrder, request)
        return answer(self.on_run(runs.TERMINATE, run, **asked), _workers(task_id))


class Bulk(ControlView):
    """Retries or revokes up to 1,000 runs; `dry_run` only says what would happen."""

    body = BulkOrder
    codes = {**ControlView.codes, "404": "One of the ids is no run, or none that you may see."}

    def post(self, request: Request) -> Response:
        asked = ordered(BulkOrder, request)
        planned = bulk.plan(asked["action"], self.runs_or_404(asked["task_ids"]))
        told = {
            "action": asked["action"],
            "count": len(planned.possible),
            "refused": {run.pk: one.why for one in planned.refused for run in one.runs},
        }
        if asked["dry_run"]:
            return Response({**told, "dry_run": True})
        if not planned.possible:
            return Response(shape("refused", "None of these runs can be; see a dry run."), 409)
        if isinstance(request.auth, ApiKey):
            request._request.tasklog_key = request.auth  # type: ignore[attr-defined]
        return answer(bulk.carry_out(planned, request._request), _many(told))

    def runs_or_404(self, ids: list[str]) -> list[TaskRun]:
        """One that the caller may not see, and all are refused."""
        wanted = {task_id for task_id in ids if "\0" not in task_id}
        visible = TaskRun.objects.visible_to(self.request.user)
        found = list(visible.filter(pk__in=wanted))
        if len(found) != len(set(ids)):
            missing = sorted(set(ids) - {run.pk for run in found})
            raise Http404(f"There is no run with the id {missing[0][:100]}; nothing was done.")
        return found


class Launch(ControlView):
    """Starts a task that CELERY_TASKLOG_LAUNCH names."""

    body = LaunchOrder

    def post(self, request: Request) -> Response:
        asked = ordered(LaunchOrder, request)
        name = asked.pop("task")
        if not launch.may_launch(name):
            told = f"{name[:100]} may not be started here; CELERY_TASKLOG_LAUNCH says what may."
            raise ValidationError({"task": told})
        call = Call(name, **asked)
        if wrong := launch.problems(launch.task_of(name), call.args, call.kwargs):
            raise ValidationError(wrong)
        outcome = self.perform(launch.LAUNCH, call, f"{name} {call.task_id}")
        return answer(outcome, lambda made: {"task_id": made, "task_name": name})


def answer(outcome: Outcome, more: Callable[[Any], dict[str, Any]]) -> Response:
    """200 for done and unknown: `result` says which; 409 for a refusal, 503 without a broker."""
    if outcome.result != "failed":
        return Response({"result": outcome.result, "message": outcome.told, **more(outcome.made)})
    if isinstance(outcome.made, BrokerAway):
        return Response(shape("unavailable", outcome.told), 503, headers={"Retry-After": "5"})
    if isinstance(outcome.made, runs.Earlier):
        first = {"task_id": outcome.made.task_id}
        return Response({**shape("repeated", outcome.told), **first}, 409)
    return Response(shape("refused", outcome.told), 409)


def _edited(run: TaskRun, asked: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What was given; what was not stays as it was.  Raises a 400 where that is not known."""
    if "args" in asked and "kwargs" in asked:
        return completed(run, asked["args"], asked["kwargs"])
    if missing := draft_of(run).missing:
        told = f"Give args and kwargs both: the run's own cannot be had, {missing}."
        raise ValidationError({"kwargs" if "args" in asked else "args": told})
    args, kwargs = arguments_of(run)
    return asked.get("args", args), asked.get("kwargs", kwargs)


def _new(run: TaskRun) -> Callable[[Any], dict[str, Any]]:
    return lambda made: {"task_id": made, "rerun_of": run.pk}


def _workers(task_id: str) -> Callable[[Any], dict[str, Any]]:
    return lambda made: {
        "task_id": task_id, "answered": sorted(made.said), "silent": made.silent,
    }  # fmt: skip


def _many(told: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda made: {
        **told, "count": len(made.made), "made": made.made,
        "refused": told["refused"] | made.left, "dry_run": False,
    }  # fmt: skip
