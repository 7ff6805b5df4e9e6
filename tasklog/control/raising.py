"""Raising one running run to DEBUG for ten minutes.  WEB.

Its worker answers that it has told its processes; without an answer nobody knows.  What the pages
show of it ends with the time, with the run, and with the attempt: the next one begins as usual.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tasklog.capture.raising import COMMAND
from tasklog.conf import RAISE_SECONDS
from tasklog.control.actions import Action, Outcome, done, failed, unknown
from tasklog.control.ask import SECONDS, ask
from tasklog.control.link import BrokerAway
from tasklog.control.models import Raised
from tasklog.control.runs import NO_TASK
from tasklog.models import TaskRun
from tasklog.states import State

MINUTES = RAISE_SECONDS // 60


def why_no_raise(run: TaskRun) -> str:
    """Why this run cannot be raised; empty where it can."""
    if run.source:
        return NO_TASK
    if run.finished:
        return f"It has ended already: {run.state_label.lower()}."
    return "" if run.state == State.STARTED else "It is not running yet."


def raised_of(run: TaskRun) -> Raised | None:
    """Who raised it and until when, where that still holds."""
    if run.state != State.STARTED:
        return None
    found = Raised.objects.filter(pk=run.pk, until__gt=timezone.now()).first()
    return found if found and found.started_at == run.started_at else None


def _raise(run: TaskRun, *, by: str) -> Outcome:
    if told := why_no_raise(run):
        return failed(told)
    until = timezone.now() + timedelta(seconds=RAISE_SECONDS)
    order = {"task_id": run.pk, "by": by, "until": until.timestamp()}
    try:
        said = ask({COMMAND: order}, [run.worker], only=True).get(run.worker)
    except BrokerAway as away:
        return failed(f"Nothing was sent. {away}", away)
    if said is None:
        return unknown(
            f"Unknown: {run.worker} gave no answer in {SECONDS:.0f} s; it may still happen, and "
            "the log says so when it does."
        )
    return _answered(run, by, said[COMMAND])


def _answered(run: TaskRun, by: str, said: Any) -> Outcome:
    seconds = said.get("seconds") if isinstance(said, dict) else None
    if not isinstance(seconds, (int, float)):
        return failed(f"{run.worker} refused: {_error(said)}.")
    until = timezone.now() + timedelta(seconds=seconds)
    facts = {"until": until, "by": by[:150], "started_at": run.started_at}
    raised, _ = Raised.objects.update_or_create(task_id=run.pk, defaults=facts)
    return done(
        f"{run.worker} has told its processes: what the task logs at DEBUG is in its log until "
        f"{until:%H:%M:%S} UTC.", raised,
    )  # fmt: skip


def _error(said: Any) -> str:
    error = str(said.get("error", said) if isinstance(said, dict) else said)[:300]
    return "its TaskLog is too old for this" if "KeyError" in error else error


RAISE = Action("raise", "Raise to DEBUG", _raise)
