"""Reads a run's arguments again, or says in words why they are not there.  WEB."""

from __future__ import annotations

import json
from typing import Any

from kombu.utils.json import loads

from tasklog import sealing
from tasklog.capture.payload import LONGEST
from tasklog.models import RunPayload, TaskRun
from tasklog.states import Payload

Arguments = tuple[list[Any], dict[str, Any]]

WHY_NOT: dict[str, str] = {
    Payload.UNKNOWN: "nobody has told them: the task was sent by a process without TaskLog and "
    "has not started, or it is older than this feature",
    Payload.TOO_BIG: f"they are longer than {LONGEST // 1024} KiB, more than is kept of a call",
    Payload.NO_JSON: "they hold a value that JSON cannot say",
    Payload.NO_CRYPTOGRAPHY: "what is masked or shortened is kept encrypted only, and the package "
    "`cryptography` is not installed where the task was sent: pip install cryptography",
    Payload.OFF: "CELERY_TASKLOG_PAYLOAD was off when it was sent",
}


class NotKept(Exception):
    """The run's arguments cannot be had; the text says why, without a full stop."""


def arguments_of(run: TaskRun) -> Arguments:
    """What the task was called with, secrets and all: send it, never show it.

    Raises `NotKept`.
    """
    kept = Payload(run.payload)
    if kept == Payload.EXACT:
        return _checked(_parsed(run))
    if kept != Payload.SEALED:
        raise NotKept(WHY_NOT[kept])
    return _checked(_unsealed(run))


def shown_exactly(run: TaskRun) -> bool:
    """True where the arguments on the page are the call itself, so that they can be edited."""
    return run.payload == Payload.EXACT


def _parsed(run: TaskRun) -> Any:
    try:
        return [json.loads(run.args), json.loads(run.kwargs)]
    except ValueError:
        return None


def _unsealed(run: TaskRun) -> Any:
    row = RunPayload.objects.filter(pk=run.pk).first()
    if row is None or not row.sealed:
        raise NotKept("they have been deleted")
    try:
        return loads(sealing.unseal(row.sealed))
    except (sealing.Unreadable, ImportError) as error:
        raise lost_key(error) from error
    except ValueError:
        return None


def lost_key(error: Exception) -> NotKept:
    """What was sealed cannot be opened here."""
    if isinstance(error, ImportError):
        return NotKept("the package `cryptography` is not installed here")
    return NotKept(
        "they are encrypted under a key that this site no longer has: add the old one to "
        "CELERY_TASKLOG_SEAL_KEYS (or to SECRET_KEY_FALLBACKS)"
    )


def _checked(found: Any) -> Arguments:
    match found:
        case [list(args), dict(kwargs)]:
            return args, kwargs
    raise NotKept("what was kept of them cannot be read")
