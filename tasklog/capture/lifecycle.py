"""Opens and closes attempts as Celery runs tasks, in the process that runs them.  WORKER."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from functools import lru_cache
from typing import Any

from celery import signals
from celery.exceptions import SoftTimeLimitExceeded

from tasklog.capture import envelope, memory, payload, shorten, streams
from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.capture.guard import guarded
from tasklog.capture.sink import InlineSink
from tasklog.capture.wanted import is_wanted
from tasklog.conf import conf
from tasklog.spool import record
from tasklog.spool.appender import appender
from tasklog.spool.record import fields
from tasklog.states import Cause, State

# What a record of a start takes from the task's request, and from the message's own header.
_KEPT = (
    ("retries", "retries"), ("parent_id", "parent_id"),
    ("root_id", "root_id"), ("group_id", "group"),
)  # fmt: skip
_SENT = (("queued_at", "at"), ("schedule", "schedule"), ("rerun_of", "rerun_of"))
# How most attempts end.
_SUCCEEDED = fields({"state": State.SUCCESS})

# Attempts that run in this process, by task id.
running: dict[str, Attempt] = {}


def install() -> None:
    """Connects the signals that a task's own process sends."""
    for sent, receiver in (
        (signals.task_prerun, on_prerun),
        (signals.task_failure, on_failure),
        (signals.task_retry, on_retry),
        (signals.task_postrun, on_postrun),
    ):
        sent.connect(receiver, weak=False, dispatch_uid=f"tasklog.{receiver.__name__}")


@guarded
def on_prerun(
    task_id: str = "", task: Any = None, args: Any = (), kwargs: Any = None, **_: Any
) -> None:
    if not is_wanted(task):
        return
    streams.ensure()
    attempt = Attempt(task_id, task.name, _sink())
    attempt.outer = CURRENT.get()
    attempt.shadowed = running.get(task_id)
    running[task_id] = attempt
    CURRENT.set(attempt)
    attempt.event(record.START, *_start(attempt, task, args, kwargs))


def _sink() -> Any:
    if conf().drainer == "inline":
        return InlineSink()
    mine = appender()
    mine.verify()
    return mine


def _start(attempt: Attempt, task: Any, args: Any, kwargs: Any) -> tuple[dict[str, Any], str]:
    """What is special about this attempt, and what is encoded already."""
    get = vars(task.request).get
    delivery = get("delivery_info") or {}
    sent = get("tasklog") or (get("headers") or {}).get("tasklog") or {}
    data = {key: sent[key] for key in ("user", "request_id") if sent.get(key)} if sent else {}
    if data:
        attempt.about = data.copy()
    for key, kept in _KEPT:
        if value := get(kept):
            data[key] = value
    if delivery.get("redelivered"):
        data["redelivered"] = True
    for key, header in _SENT if sent else ():
        if value := sent.get(header):
            data[key] = value
    bare = not args and not kwargs
    if not bare:
        data |= payload.told(args, kwargs)
    data |= envelope.of_request(get, sent, delivery, task)
    queue = delivery.get("routing_key") or ""
    return data, _known(attempt.sink.stem, attempt.pid, get("hostname"), attempt.name, queue, bare)


@lru_cache(maxsize=1024)
def _known(spool: str, pid: int, worker: Any, name: str, queue: str, bare: bool) -> str:
    """The fields that all attempts of a task share in this process: encoded once."""
    data = {"spool": spool, "pid": pid, "worker": worker or "", "name": name, "queue": queue}
    return fields(data | payload.told((), {}) if bare else data)


@guarded
def on_failure(task_id: str = "", exception: Any = None, einfo: Any = None, **_: Any) -> None:
    attempt = own(task_id)
    if attempt is not None and attempt.told is None:
        attempt.told = exception
        attempt.error(str(einfo.traceback) if einfo is not None else shorten.exception(exception))


@guarded
def on_retry(request: Any = None, reason: Any = None, **_: Any) -> None:
    attempt = own(request.id)
    if attempt is not None:
        attempt.finish_lines()
        attempt.say(30, shorten.retry(reason))


@guarded
def on_postrun(task_id: str = "", retval: Any = None, state: Any = None, **_: Any) -> None:
    attempt = own(task_id)
    if attempt is None or attempt.forked:
        return
    try:
        if state == "SUCCESS" and retval is None:
            attempt.close({}, _SUCCEEDED)
        else:
            attempt.close(_end(attempt, state, retval))
    finally:
        _leave(attempt)
        if attempt.seq:
            streams.flush()
        if isinstance(attempt.sink, InlineSink):
            attempt.sink.store()


def own(task_id: str) -> Attempt | None:
    """The attempt of this task that runs right here; two may run in one process."""
    attempt = CURRENT.get()
    while attempt is not None and attempt.task_id != task_id:
        attempt = attempt.outer
    return attempt or running.get(task_id)


def _leave(attempt: Attempt) -> None:
    CURRENT.set(attempt.outer)
    if running.get(attempt.task_id) is attempt:
        del running[attempt.task_id]
        if attempt.shadowed is not None and not attempt.shadowed.closed:
            running[attempt.task_id] = attempt.shadowed


def _end(attempt: Attempt, state: str | None, retval: Any) -> dict[str, Any]:
    if state is None:
        return _broken_off(attempt, sys.exception())
    if state == "SUCCESS":
        return {"state": State.SUCCESS, "result": shorten.result(retval)}
    if state == "FAILURE":
        return failed(retval)
    if state == "RETRY":
        return {"state": State.RETRY, "reason": shorten.retry(retval)}
    if state == "REJECTED":
        return {
            "state": State.REVOKED,
            "cause": Cause.REJECTED,
            "reason": shorten.exception(retval),
        }
    return {"state": attempt.state or State.SUCCESS, "cause": Cause.IGNORED}


def failed(error: BaseException) -> dict[str, Any]:
    """What is said of a task that raised."""
    trace = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""
    data = {
        "state": State.FAILURE,
        "cause": Cause.EXCEPTION,
        "exception": shorten.exception(error),
        "traceback": shorten.traceback(trace),
        "scene": {"rss": memory.resident(), "sampled_at": time.time()},
    }
    if isinstance(error, SoftTimeLimitExceeded):
        data |= {"state": State.TIMEOUT, "cause": Cause.SOFT_LIMIT}
        data["reason"] = "the soft time limit was exceeded"
    return data


def _broken_off(attempt: Attempt, error: BaseException | None) -> dict[str, Any]:
    """The task ended by what Celery does not catch: SystemExit, or a fault of its backend."""
    if error is None:
        return {"state": State.FAILURE, "cause": Cause.EXCEPTION}
    data = failed(error)
    if attempt.told is None:
        attempt.told = error
        attempt.error(data["traceback"])
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        data |= {"cause": Cause.SHUTDOWN} | _told_to_exit(error)
    return data


def _told_to_exit(error: BaseException) -> dict[str, Any]:
    """A worker that shuts down sends its children a signal; they exit with 256 below its number."""
    code = error.code if isinstance(error, SystemExit) else None
    number = code + 256 if isinstance(code, int) else 0
    if 0 < number < signal.NSIG:
        told = f"the worker told its process to end by {signal_name(number)}"
        return {"state": State.LOST, "reason": told}
    return {"reason": f"the process was told to exit ({error!r})"}


def signal_name(number: Any) -> str:
    """`signal 9 (SIGKILL)`."""
    try:
        found = signal.Signals(number) if isinstance(number, int) else signal.Signals[str(number)]
    except (ValueError, KeyError):
        return f"signal {number}"
    return f"signal {found.value} ({found.name})"


def _after_fork() -> None:
    """Attempts of threads that do not exist in this process."""
    own = CURRENT.get()
    running.clear()
    while own is not None:
        running[own.task_id] = own
        own = own.outer


os.register_at_fork(after_in_child=_after_fork)
