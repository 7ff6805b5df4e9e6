"""What people do to a schedule: each verb is an `Action`, on pages and in the API alike.  WEB."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from tasklog.audit.models import Action as Word
from tasklog.control.actions import Action, Outcome, done, failed, perform
from tasklog.control.schedules.models import ScheduleSkip
from tasklog.control.schedules.sending import NotSent, send
from tasklog.keeping import keep
from tasklog.roles import Role


def _enable(task: Any) -> Outcome:
    task.enabled = True
    # Otherwise beat would make up at once for the time it was off.
    task.last_run_at = timezone.now()
    keep(task)
    return done(f"{task.name} is switched on.")


def _disable(task: Any) -> Outcome:
    task.enabled = False
    keep(task)
    return done(f"{task.name} is switched off. Runs that were sent already go on.")


def _run(task: Any, by: str = "") -> Outcome:
    try:
        task_id = send(task, by)
    except NotSent as error:
        return failed(str(error))
    return done(f"{task.name} was started.", task_id)


def _skip(task: Any, by: str = "") -> Outcome:
    if not task.enabled:
        return failed(f"{task.name} is switched off: there is no run to skip.")
    try:
        with transaction.atomic():
            ScheduleSkip.objects.create(schedule=task.name, asked_by=by[:150])
    except IntegrityError:
        return done(f"The next run of {task.name} was to be skipped already.")
    return done(f"The next run of {task.name} will be skipped.")


def _keep(task: Any) -> Outcome:
    gone, _ = ScheduleSkip.objects.filter(schedule=task.name, taken_at=None).delete()
    told = "will not be skipped" if gone else "was not to be skipped"
    return done(f"The next run of {task.name} {told}.")


def _delete(task: Any) -> Outcome:
    name = task.name
    task.delete()
    return done(f"{name} is deleted. Its runs and their logs stay.")


def _save(form: Any) -> Outcome:
    with transaction.atomic():
        task = form.save()
    return done(f"{task.name} is saved.", task)


SAVE = Action(Word.SCHEDULE, "Save", _save, Role.ADMINISTRATOR)
VERBS = {
    "enable": Action(Word.SCHEDULE, "Switch on", _enable),
    "disable": Action(Word.SCHEDULE, "Switch off", _disable),
    "run": Action(Word.RUN_NOW, "Run now", _run),
    "skip": Action(Word.SCHEDULE, "Skip once", _skip),
    "keep": Action(Word.SCHEDULE, "Do not skip", _keep),
    "delete": Action(Word.SCHEDULE, "Delete", _delete, Role.ADMINISTRATOR, dangerous=True),
}
# What a program may do; deleting has a way of its own.
PROGRAMS = tuple(word for word in VERBS if word != "delete")


def act(verb: str, request: HttpRequest, task: Any) -> Outcome:
    """Does `VERBS[verb]` for whoever asks.  Raises PermissionDenied for one who may not."""
    user: Any = request.user
    more = {"by": user.get_username()} if verb in ("run", "skip") else {}
    return perform(VERBS[verb], request, task, named=f"{verb} {task.name}", **more)
