"""What only the worker's main process sees: a child that died, a task that never began.  WORKER.

Written as CLOSE records; the drainer applies them once the dead process's last lines are stored.
"""

from __future__ import annotations

import re
import time
from functools import wraps
from signal import SIGKILL
from typing import Any

from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import signals
from celery.worker import state as worker_state
from celery.worker.request import Request

from tasklog.capture import lifecycle, memory, revoking, shorten
from tasklog.capture.guard import guarded
from tasklog.capture.wanted import is_wanted
from tasklog.conf import conf
from tasklog.spool import record
from tasklog.spool.appender import appender
from tasklog.states import Cause, State

_SIGNAL = re.compile(r"signal (\d+)")
_EXIT_CODE = re.compile(r"exitcode (-?\d+)")
# So many tasks that ran beside a dead one are named.
BESIDE = 20


def install() -> None:
    """Connects the signals of the main process; called in workers only."""
    for sent, receiver in (
        (signals.task_failure, on_failure),
        (signals.task_revoked, on_revoked),
        (signals.task_unknown, on_unknown),
        (signals.worker_shutting_down, on_shutting_down),
    ):
        sent.connect(receiver, weak=False, dispatch_uid=f"tasklog.verdicts.{receiver.__name__}")
    _watch_lost_children()
    revoking.install()


def _watch_lost_children() -> None:
    """Celery tells nobody of a lost child whose task it hands out again."""
    original = Request.on_failure
    if hasattr(original, "tasklog"):
        return

    @wraps(original)
    def on_failure(self: Any, exc_info: Any, *args: Any, **kwargs: Any) -> Any:
        _note_lost(self, exc_info)
        return original(self, exc_info, *args, **kwargs)

    on_failure.tasklog = True  # type: ignore[attr-defined]
    Request.on_failure = on_failure  # type: ignore[method-assign]


@guarded
def _note_lost(request: Any, exc_info: Any) -> None:
    error = getattr(exc_info.exception, "exc", exc_info.exception)
    if isinstance(error, (WorkerLostError, TimeLimitExceeded)) and _is_foreign(
        request.task, request.id
    ):
        close(request.id, request.hostname, **verdict(error), scene=scene(request.id))


@guarded
def on_failure(sender: Any = None, task_id: str = "", exception: Any = None, **_: Any) -> None:
    if isinstance(exception, (WorkerLostError, TimeLimitExceeded)) and _is_foreign(sender, task_id):
        close(task_id, _hostname(sender), **verdict(exception), scene=scene(task_id))


@guarded
def on_revoked(sender: Any = None, request: Any = None, **how: Any) -> None:
    if not is_wanted(sender):
        return
    by = revoking.asked_by(request.id)
    data: dict[str, Any] = {
        "state": State.REVOKED,
        "cause": Cause.REVOKED,
        "reason": f"revoked {f'by {by} ' if by else ''}before it began",
    }
    if how.get("expired"):
        data["reason"] = "expired before it began"
    elif how.get("terminated"):
        data["cause"] = Cause.TERMINATED
        ended = f"terminated by {lifecycle.signal_name(how.get('signum'))}"
        data["reason"] = f"{ended}, as {by} asked" if by else ended
        data["scene"] = scene(request.id)
    close(request.id, request.hostname or "", **data)


@guarded
def on_unknown(sender: Any = None, name: str = "", id: str = "", **_: Any) -> None:  # noqa: A002
    reason = f"the worker knows no task named {name!r}"
    close(
        id,
        getattr(sender, "hostname", ""),
        state=State.FAILURE,
        cause=Cause.REJECTED,
        reason=reason,
    )


@guarded
def on_shutting_down(how: str = "", **_: Any) -> None:
    """A cold shutdown kills the children; those who may end by themselves do so."""
    if how != "Cold":
        return
    for request in list(worker_state.active_requests):
        if _is_foreign(request.task, request.id):
            reason = "the worker was shut down"
            close(
                request.id,
                request.hostname,
                state=State.LOST,
                cause=Cause.SHUTDOWN,
                reason=reason,
                scene=scene(request.id),
            )


def _is_foreign(task: Any, task_id: str) -> bool:
    return task_id not in lifecycle.running and is_wanted(task)


def _hostname(task: Any) -> str:
    return getattr(task.request, "hostname", None) or _worker.get("name", "")


# The worker this process is the main process of; set when it is ready.
_worker: dict[str, str] = {}


def name_worker(name: str) -> None:
    _worker["name"] = name


def verdict(error: BaseException) -> dict[str, Any]:
    """The end of a task whose process could not say it, in words."""
    text = str(error)
    if isinstance(error, TimeLimitExceeded):
        seconds = error.args[0] if error.args else text
        return {
            "state": State.TIMEOUT,
            "cause": Cause.HARD_LIMIT,
            "reason": f"the hard time limit of {seconds} s was exceeded",
            "exception": shorten.exception(error),
        }
    number = _SIGNAL.search(text)
    data: dict[str, Any] = {
        "state": State.FAILURE,
        "cause": Cause.KILLED,
        "exception": shorten.exception(error),
    }
    if number:
        return data | _killed(int(number[1]))
    code = _EXIT_CODE.search(text)
    ended = f"with exit code {code[1]}" if code else "without a word"
    return data | {"reason": f"the worker process ended {ended}"}


def _killed(signum: int) -> dict[str, Any]:
    """Who sends SIGKILL does not sign it: memory is blamed only where there is evidence."""
    reason = f"killed by {lifecycle.signal_name(signum)}"
    evidence = memory.shortage(memory.watch.last, memory.room()) if signum == SIGKILL else ""
    if not evidence:
        return {"reason": reason, "signal": signum}
    return {"cause": Cause.OUT_OF_MEMORY, "reason": f"{reason}; {evidence}", "signal": signum}


def scene(task_id: str) -> dict[str, Any]:
    """What this process knows of a task's end: memory at its last look, and who ran beside it."""
    request = worker_state.requests.get(task_id)
    active = [other.id for other in list(worker_state.active_requests) if other.id != task_id]
    found: dict[str, Any] = {"beside": active[:BESIDE]}
    seen = memory.watch.last
    if seen.at:
        found |= {"heard_at": seen.at, **seen.room.about()}
    if rss := seen.processes.get(getattr(request, "worker_pid", None) or 0):
        found |= {"rss": rss, "sampled_at": seen.at}
    return found


def close(task_id: str, worker: str, **data: Any) -> None:
    """Writes the CLOSE record."""
    about = {"task_id": task_id, "worker": worker, "at": time.time(), **data}
    encoded = record.encode_event(record.CLOSE, about)
    if conf().drainer == "inline":
        from tasklog.drain.inline import store_records

        store_records([encoded])
    else:
        appender().append(encoded)
