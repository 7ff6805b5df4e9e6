"""What goes along when a run is sent again: its envelope as it was, without what must not repeat.

WEB.  Callbacks are called once more; a group is not joined again, so its chord's callback cannot
run twice.  The rest of a chain goes along only where asked for, and only after a bad end: after a
good one it has been sent.  Whatever is sent along gets ids of its own.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from celery import uuid
from django.utils import timezone
from kombu.utils.json import loads

from tasklog import sealing
from tasklog.capture.envelope import unpacked
from tasklog.control.models import Rerun
from tasklog.control.payload import WHY_NOT, NotKept, lost_key
from tasklog.envelopes import steps
from tasklog.models import RunPayload, TaskRun
from tasklog.states import BAD, Payload

Options = dict[str, Any]

# What a retry is not without; the chain's rest it can leave out.
_NEEDED = ("link", "link_error", "headers", "stamps")
# A signature that is sent again keeps no id, no place in a group and nobody to answer to.
_IDS = ("task_id", "group_id")
_GONE = ("reply_to", "parent_id")
_PLACE = ("group_id", "group_index", "chord")


def options_of(run: TaskRun, *, rest: bool = False, countdown: float = 0) -> Options:
    """The options of `apply_async` that send this run as it was sent.

    `rest`: with the rest of its chain.  Raises `NotKept`.
    """
    found = plain_options(run, countdown) | _workflow(run, rest=rest)
    if not rest and not any(name in run.envelope for name in _NEEDED):
        return found
    values = _fresh(_values(run))
    found |= {name: values[name] for name in ("link", "link_error", "headers") if name in values}
    if stamps := values.get("stamps"):
        found |= {"stamped_headers": [*stamps], **stamps}
    if rest:
        found["chain"] = [_alone(step) for step in values.get("chain", ())]
    return found


def plain_options(run: TaskRun, countdown: float = 0) -> Options:
    """Those that are numbers and names: nothing was sealed for them."""
    told = run.envelope
    names = {"priority": "priority", "hard": "time_limit", "soft": "soft_time_limit"}
    found = {option: told[name] for name, option in names.items() if name in told}
    if told.get("exchange"):
        found |= {"exchange": told["exchange"], "routing_key": run.queue}
    return found | _expiry(told, countdown)


def why_not(run: TaskRun) -> str:
    """Why it would lose something that was sent along, without a full stop; empty where not."""
    lost = [name for name in _NEEDED if name in run.envelope]
    try:
        if lost:
            _values(run)
    except NotKept as why:
        return f"{_listed(lost)} cannot be had, {why}"
    return ""


def may_go_on(run: TaskRun) -> bool:
    """Was its chain broken here?"""
    return run.state in BAD and bool(steps(run, "then"))


def why_no_rest(run: TaskRun) -> str:
    """Why the rest of its chain cannot be sent along, as a sentence; empty where it can."""
    if not may_go_on(run):
        return "No chain was broken here."
    try:
        _values(run)
    except NotKept as why:
        return f"The rest of its chain cannot be had: {why}."
    return ""


def gone_on(run: TaskRun) -> str:
    """The id of the newest retry that took the chain's rest along and has not failed; or none."""
    ids = Rerun.objects.filter(of=run.pk).values_list("pk", flat=True)
    for one in TaskRun.objects.filter(pk__in=[*ids]).order_by("-created_at"):
        if steps(one, "then") and one.state not in BAD:
            return str(one.pk)
    return ""


def _expiry(told: Options, countdown: float) -> Options:
    if "after" in told:
        return {"expires": told["after"] + countdown}
    until = _until(told)
    return {"expires": until} if until and until > timezone.now() else {}


def _until(told: Options) -> datetime | None:
    return datetime.fromisoformat(told["until"]) if "until" in told else None


def has_expired(run: TaskRun) -> datetime | None:
    """The moment up to which it made sense, where that has passed: a retry has none."""
    until = _until(run.envelope)
    return until if until and until <= timezone.now() else None


def _workflow(run: TaskRun, *, rest: bool) -> Options:
    """A retry of a step is seen in the step's workflow; of a whole workflow, it is a new one."""
    root = run.root_id or run.pk
    if not (rest or run.group_id or run.parent_id or root != run.pk):
        return {}
    return {"root_id": root} | ({"parent_id": run.parent_id} if run.parent_id else {})


def _values(run: TaskRun) -> Options:
    """Callbacks, the chain's rest and headers, values and all: send them, never show them."""
    kept = str(run.envelope.get("kept", ""))
    if kept != Payload.SEALED:
        raise NotKept(WHY_NOT.get(kept, "what was kept of them cannot be read"))
    row = RunPayload.objects.filter(pk=run.pk).first()
    if row is None or not row.envelope:
        raise NotKept("they have been deleted")
    try:
        found = loads(unpacked(sealing.unseal(row.envelope)))
    except (sealing.Unreadable, ImportError) as error:
        raise lost_key(error) from error
    except (ValueError, zlib.error):
        found = None
    if not isinstance(found, dict):
        raise NotKept("what was kept of them cannot be read")
    return found


def _fresh(value: Any, ids: defaultdict[str, str] | None = None) -> Any:
    """The same with other ids; what had one id has one again."""
    ids = defaultdict(uuid) if ids is None else ids
    if isinstance(value, list):
        return [_fresh(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    fresh = {name: _fresh(item, ids) for name, item in value.items()}
    if "task" in value and isinstance(fresh.get("options"), dict):
        fresh["options"] = _renamed(fresh["options"], ids)
    return fresh


def _renamed(options: Options, ids: defaultdict[str, str]) -> Options:
    renamed = {name: ids[options[name]] for name in _IDS if options.get(name)}
    return {name: one for name, one in options.items() if name not in _GONE} | renamed


def _alone(signature: Any) -> Any:
    """Without its place in a group around the chain, which the last of it has."""
    options, kwargs = signature.get("options") or {}, dict(signature.get("kwargs") or {})
    kind = signature.get("subtask_type")
    if kind == "chord" and isinstance(kwargs.get("body"), dict):
        kwargs["body"] = _alone(kwargs["body"])
    elif kind in ("chain", "group"):
        kwargs["tasks"] = [_alone(one) for one in kwargs.get("tasks") or ()]
    left = {name: one for name, one in options.items() if name not in _PLACE}
    return {**signature, "options": left, "kwargs": kwargs}


def _listed(names: Collection[str]) -> str:
    words = {
        "link": "its callback", "link_error": "its error callback",
        "headers": "its headers", "stamps": "its stamps",
    }  # fmt: skip
    return " and ".join(words[name] for name in names)
