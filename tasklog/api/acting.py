"""Acting on runs from programs: retry, revoke, terminate, raise, many at once, launch.  WEB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.deeds import ControlView
from tasklog.api.errors import shape
from tasklog.api.orders import BulkOrder, RetryOrder, SignalOrder
from tasklog.api.parsing import ordered
from tasklog.control import bulk, raising, runs
from tasklog.control.actions import Action, Outcome
from tasklog.control.editing import completed, draft_of
from tasklog.control.payload import arguments_of
from tasklog.control.sending import BrokerAway
from tasklog.models import TaskRun


class RunsControl(ControlView):
    """Base of what acts on runs."""

    def on_run(self, action: Action, run: TaskRun, **arguments: Any) -> Outcome:
        return self.perform(action, run, runs.named(run), by="", **arguments)

    def on_many(
        self, word: str, runs: list[TaskRun], *, dry_run: bool, rest: bool = False
    ) -> Response:
        """Retries or revokes those of them that can be; a dry run says which."""
        planned = bulk.plan(word, runs)
        told = {
            "action": word,
            "count": len(planned.possible),
            "broken_chains": planned.broken,
            "refused": {run.pk: one.why for one in planned.refused for run in one.runs},
        }
        if dry_run:
            return Response({**told, "dry_run": True})
        if not planned.possible:
            return Response(shape("refused", "None of these runs can be; see a dry run."), 409)
        options = {"rest": True} if rest and word == "retry" else {}
        return answer(bulk.carry_out(planned, self.acting, **options), _many(told))


class Retry(RunsControl):
    """Sends a finished run again; with `args` or `kwargs` those instead of its own."""

    body = RetryOrder

    def post(self, request: Request, task_id: str) -> Response:
        run, asked = self.run_or_404(task_id), ordered(RetryOrder, request)
        rest = asked.pop("rest")
        if not asked:
            return answer(self.on_run(runs.RETRY, run, rest=rest), _new(run))
        args, kwargs = _edited(run, asked)
        queue, countdown = asked.get("queue", ""), asked.get("countdown")
        outcome = self.on_run(
            runs.EDIT, run, args=args, kwargs=kwargs, queue=queue, countdown=countdown, rest=rest
        )
        return answer(outcome, _new(run))


class Revoke(RunsControl):
    """Takes a waiting run back."""

    def post(self, request: Request, task_id: str) -> Response:
        return answer(self.on_run(runs.REVOKE, self.run_or_404(task_id)), _workers(task_id))


class Terminate(RunsControl):
    """Ends a running one; `signal` is SIGTERM unless said otherwise."""

    body = SignalOrder

    def post(self, request: Request, task_id: str) -> Response:
        run, asked = self.run_or_404(task_id), ordered(SignalOrder, request)
        return answer(self.on_run(runs.TERMINATE, run, **asked), _workers(task_id))


class Raise(RunsControl):
    """Raises a running one to DEBUG for ten minutes; `until` is null where nobody answered."""

    def post(self, request: Request, task_id: str) -> Response:
        outcome = self.on_run(raising.RAISE, self.run_or_404(task_id))
        return answer(outcome, lambda made: {"task_id": task_id, "until": made and made.until})


class Bulk(RunsControl):
    """Retries or revokes up to 1,000 runs; `dry_run` only says what would happen."""

    body = BulkOrder
    codes = {**RunsControl.codes, "404": "One of the ids is no run, or none that you may see."}

    def post(self, request: Request) -> Response:
        asked = ordered(BulkOrder, request)
        runs, rest = self.runs_or_404(asked["task_ids"]), asked["rest"]
        return self.on_many(asked["action"], runs, dry_run=asked["dry_run"], rest=rest)

    def runs_or_404(self, ids: list[str]) -> list[TaskRun]:
        """One that the caller may not see, and all are refused."""
        wanted = {task_id for task_id in ids if "\0" not in task_id}
        visible = TaskRun.objects.visible_to(self.request.user)
        found = list(visible.filter(pk__in=wanted))
        if len(found) != len(set(ids)):
            missing = sorted(set(ids) - {run.pk for run in found})
            raise Http404(f"There is no run with the id {missing[0][:100]}; nothing was done.")
        return found


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
