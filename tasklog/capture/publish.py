"""Publishing a task: who asked for it, and since when it waits.  BOTH.

The headers travel with the message whatever happens; the QUEUED record needs a spool that
somebody drains on this host.
"""

from __future__ import annotations

import time
from typing import Any

from celery import signals

from tasklog.capture import envelope, payload, redact
from tasklog.capture.context import CURRENT, ORIGIN
from tasklog.capture.guard import guarded
from tasklog.capture.wanted import known_tasks, may_be_wanted
from tasklog.conf import conf
from tasklog.drain import lock
from tasklog.spool.appender import appender
from tasklog.spool.record import QUEUED, encode_event

# A publisher's file that nobody reads grows no further.
MAX_UNREAD = 1 << 20
# Is there a spool?  Asked at most so often (seconds).
LOOK_EVERY = 5.0

# What is told along with a task.
KEYS = ("user", "request_id", "schedule", "rerun_of")

_usable = False
_looked_at = float("-inf")


def install() -> None:
    """Connects the signals of publishing."""
    signals.before_task_publish.connect(
        on_before, weak=False, dispatch_uid="tasklog.before_task_publish"
    )
    signals.after_task_publish.connect(
        on_after, weak=False, dispatch_uid="tasklog.after_task_publish"
    )


@guarded
def on_before(headers: Any = None, properties: Any = None, **_: Any) -> None:
    if headers is None:
        return
    headers["tasklog"] = _about(headers)
    if properties and properties.get("priority") is not None:
        headers["tasklog"]["priority"] = properties["priority"]
    # What workers log, events tell and result tables keep of the arguments; the task gets its own.
    for name in ("argsrepr", "kwargsrepr"):
        if headers.get(name):
            headers[name] = redact.mask(headers[name])


def _about(headers: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {"at": time.time()}
    attempt, origin = CURRENT.get(), ORIGIN.get()
    if attempt is not None:
        about |= attempt.about
    if origin is not None:
        about |= {key: origin[key] for key in KEYS if origin.get(key)}
    if headers.get("periodic_task_name"):
        about["schedule"] = str(headers["periodic_task_name"])
    return about


@guarded
def on_after(sender: Any = None, headers: Any = None, body: Any = None, **more: Any) -> None:
    if not headers or "id" not in headers or not _has_spool():
        return
    if not may_be_wanted(headers.get("task")):
        return
    mine = appender()
    if CURRENT.get() is None and not mine.turn_over(MAX_UNREAD):
        return
    mine.append(encode_event(QUEUED, _queued(headers, body, more)), line=True)


def _queued(headers: dict[str, Any], body: Any, more: dict[str, Any]) -> dict[str, Any]:
    task = known_tasks().get(headers.get("task"))
    # Celery's older message protocol carries them elsewhere; the start of the task tells them.
    call = payload.told(*body[:2]) if isinstance(body, (tuple, list)) else {}
    about = headers.get("tasklog") or {}
    data = {
        "task_id": headers["id"],
        "name": headers.get("task"),
        "queue": more.get("routing_key"),
        **call,
        **envelope.of_message(headers, body, more.get("exchange"), task),
        "parent_id": headers.get("parent_id"),
        "root_id": headers.get("root_id"),
        "group_id": headers.get("group"),
        "at": about.get("at"),
        "eta": headers.get("eta"),
        **{key: about.get(key) for key in KEYS},
    }
    return {key: value for key, value in data.items() if value}


def _has_spool() -> bool:
    """Does, or did, somebody drain this host's spool?"""
    global _usable, _looked_at  # noqa: PLW0603
    now = time.monotonic()
    if now >= _looked_at + LOOK_EVERY:
        _looked_at = now
        _usable = conf().drainer != "inline" and (conf().spool_dir / lock.NAME).exists()
    return _usable
