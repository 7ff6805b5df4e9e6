"""Acting on one run: send it again, take it back, end it.  WEB.

A refusal says why; a worker that does not answer leaves the outcome unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from tasklog.capture.revoking import revoke as tell_workers
from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.control import again
from tasklog.control.actions import Action, Outcome, done, failed, unknown
from tasklog.control.models import Rerun
from tasklog.control.payload import NotKept, arguments_of
from tasklog.control.sending import BrokerAway, Call, NotSent, send, short_connection
from tasklog.models import TaskRun, TaskWorker
from tasklog.querysets import database_now
from tasklog.states import Cause, State

# The same person's second retry of a run within this time is taken for a double click.
AGAIN = timedelta(seconds=10)
# How long workers have for an answer; a page waits for it (seconds).
PATIENCE = 1.0
# Pools that can end one task without ending the worker.
CAN_TERMINATE = ("prefork", "gevent", "eventlet")
SIGNALS = ("SIGTERM", "SIGKILL")
WAITING = (State.PENDING, State.RETRY)
# A run of lines that a file or a connection brought.
NO_TASK = "These lines come from a source; no task wrote them."


class Earlier(NamedTuple):
    """Made by the first of two clicks: the run to show instead."""

    task_id: str


def why_no_retry(run: TaskRun, *, edited: bool = False) -> str:
    """Why this run cannot be sent again, as a sentence; empty where it can."""
    if run.source:
        return NO_TASK
    if not run.name:
        return "Nobody has told which task this was."
    if run.cause == Cause.NOT_REACHED:
        return "It was never sent: retry the step that failed, and the chain goes on."
    if not run.finished:
        return "It has not ended yet: revoke or terminate it first, or wait."
    try:
        if not edited:
            arguments_of(run)
    except NotKept as why:
        return f"Its original arguments cannot be had: {why}."
    if not edited and (why_not := again.why_not(run)):
        return f"It would not be the same: {why_not}."
    return ""


def why_no_revoke(run: TaskRun) -> str:
    """Why this run cannot be taken back; empty where it can."""
    if run.source:
        return NO_TASK
    if run.finished:
        return f"It has ended already: {run.state_label.lower()}."
    return "" if run.state in WAITING else "It is running: only terminating ends it now."


def why_no_terminate(run: TaskRun) -> str:
    """Why this run cannot be ended; empty where it can."""
    if run.source:
        return NO_TASK
    if run.finished:
        return f"It has ended already: {run.state_label.lower()}."
    if run.state in WAITING:
        return "It is not running: revoke it instead."
    pool = TaskWorker.objects.filter(pk=run.worker).values_list("pool", flat=True).first()
    if pool and pool not in CAN_TERMINATE:
        return f"Its worker's pool ({pool}) cannot end one task alone; {CAN_TERMINATE[0]} can."
    return ""


def claim(calls: Sequence[Call], *, by: str) -> dict[str, str]:
    """Notes these retries before they are sent; what was noted moments ago by the same person is
    left out and returned: old id → id of the earlier retry.

    The rows of the old runs are locked meanwhile, so of two clicks at once the second sees the
    first.
    """
    ids = [call.rerun_of for call in calls]
    with transaction.atomic():
        list(TaskRun.objects.select_for_update().filter(pk__in=ids).order_by("pk").only("pk"))
        lately = Rerun.objects.filter(of__in=ids, by=by[:150], at__gt=timezone.now() - AGAIN)
        earlier = {again.of_id: again.task_id for again in lately}
        Rerun.objects.bulk_create(
            Rerun(task_id=call.task_id, of_id=call.rerun_of, by=by[:150])
            for call in calls
            if call.rerun_of not in earlier
        )
    return earlier


def release(calls: Iterable[Call]) -> None:
    """These were not sent after all."""
    Rerun.objects.filter(pk__in=[call.task_id for call in calls]).delete()


def call_of(run: TaskRun, *, rest: bool = False) -> Call:
    """The run's call once more; `rest`: with the rest of its chain.  Raises `NotKept`."""
    args, kwargs = arguments_of(run)
    options = again.options_of(run, rest=rest)
    return Call(run.name, args, kwargs, run.queue, rerun_of=run.pk, options=options)


def _retry(run: TaskRun, *, by: str, rest: bool = False) -> Outcome:
    if told := why_no_retry(run) or (again.why_no_rest(run) if rest else ""):
        return failed(told)
    return _send_again(call_of(run, rest=rest), by)


def _retry_edited(
    run: TaskRun, *, by: str, args: list[Any], kwargs: dict[str, Any], queue: str = "",
    countdown: float | None = None, rest: bool = False,
) -> Outcome:  # fmt: skip
    if told := why_no_retry(run, edited=True) or (again.why_no_rest(run) if rest else ""):
        return failed(told)
    queue, options = queue or run.queue, _options(run, rest=rest, countdown=countdown or 0)
    if queue != run.queue:
        options = {k: v for k, v in options.items() if k not in ("exchange", "routing_key")}
    call = Call(run.name, args, kwargs, queue, countdown, rerun_of=run.pk, options=options)
    return _send_again(call, by)


def _options(run: TaskRun, *, rest: bool, countdown: float) -> dict[str, Any]:
    """Its envelope; without what could not be kept, which the form has said."""
    try:
        return again.options_of(run, rest=rest, countdown=countdown)
    except NotKept:
        return again.plain_options(run, countdown)


def _send_again(call: Call, by: str) -> Outcome:
    earlier = claim([call], by=by)
    if call.rerun_of in earlier:
        told = "You have sent this run again a moment ago; it was not sent twice."
        return failed(told, Earlier(earlier[call.rerun_of]))
    try:
        send(call, by=by)
    except NotSent as why:
        release([call])
        return failed(str(why), why)
    return done("Sent again: this is the new run.", call.task_id)


class Answers(NamedTuple):
    """Which workers answered what, and which that are alive did not."""

    said: dict[str, Any]
    silent: list[str]


def ask_workers(
    ids: str | list[str], *, by: str, terminate: bool = False, signal: str = SIGNALS[0]
) -> Answers:
    """Tells all workers to revoke.  Raises `BrokerAway`."""
    lately = database_now() - timedelta(seconds=DEAD_AFTER_SECONDS)
    alive = list(
        TaskWorker.objects.filter(stopped_at=None, seen_at__gt=lately)
        .order_by("pk").values_list("pk", flat=True)
    )  # fmt: skip
    with short_connection() as connection:
        said = tell_workers(
            ids, by=by, terminate=terminate, signal=signal,
            connection=connection, wait=PATIENCE, workers=len(alive),
        )  # fmt: skip
    return Answers(said, [name for name in alive if name not in said])


def told_of_revoke(answers: Answers) -> Outcome:
    """What became of a revoke, in words."""
    said, silent = answers
    if not said:
        return unknown(
            "Unknown: the command was sent, and no worker answered. A worker that is only slow "
            "will obey; one that starts later knows nothing of it.", answers,
        )  # fmt: skip
    count = f"{len(said)} worker{'s' if len(said) > 1 else ''}"
    if silent:
        return unknown(
            f"Unknown: {count} will drop it, but {', '.join(silent)} did not answer and may still "
            "start it.", answers,
        )  # fmt: skip
    return done(f"Revoked: {count} will drop it as soon as it comes out of the queue.", answers)


def _revoke(run: TaskRun, *, by: str) -> Outcome:
    if told := why_no_revoke(run):
        return failed(told)
    try:
        return told_of_revoke(ask_workers(run.pk, by=by))
    except BrokerAway as away:
        return failed(str(away).replace("started", "revoked"), away)


def _terminate(run: TaskRun, *, by: str, signal: str = SIGNALS[0]) -> Outcome:
    if told := why_no_terminate(run):
        return failed(told)
    try:
        return _told_of_end(run, ask_workers(run.pk, by=by, terminate=True, signal=signal), signal)
    except BrokerAway as away:
        return failed(str(away).replace("started", "terminated"), away)


def _told_of_end(run: TaskRun, answers: Answers, signal: str) -> Outcome:
    for worker, said in answers.said.items():
        if run.pk in str(said.get("ok", "")):
            return done(f"{worker} has sent {signal} to its process.", answers)
    own = answers.said.get(run.worker)
    if own is None:
        who = run.worker or "Its worker"
        return unknown(
            f"Unknown: {who} did not answer. It ends the task when it comes to itself.", answers
        )
    if "error" in own:
        return failed(f"{run.worker} could not end it: {own['error']}", answers)
    return failed(f"{run.worker} does not run it any more; look at its state again.", answers)


RETRY = Action("retry", "Retry", _retry)
EDIT = Action("retry", "Edit and retry", _retry_edited)
REVOKE = Action("revoke", "Revoke", _revoke, dangerous=True)
TERMINATE = Action("terminate", "Terminate", _terminate, dangerous=True)


def named(run: TaskRun) -> str:
    """How the audit trail calls a run: its id is the last word."""
    return f"{run.name} {run.pk}".strip()
