"""What each record other than a line does to its run.

The run follows its newest attempt.  An attempt is closed once: who comes later only completes
the receipt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tasklog.conf import conf
from tasklog.drain import receipt, scene, silences
from tasklog.drain.book import Book
from tasklog.drain.text import clean, name, tidied
from tasklog.envelopes import after
from tasklog.models import TaskAttempt, TaskRun
from tasklog.signature import sign
from tasklog.spool import record
from tasklog.states import BAD, FINISHED, Cause, Payload, State

Data = dict[str, Any]

_RELATED = ("parent_id", "root_id", "group_id", "rerun_of")
# Made once: `State.values` is computed anew each time it is asked for.
_ENDS = {str(state): state for state in (*FINISHED, State.RETRY)}
_CAUSES = frozenset(str(cause) for cause in Cause)
_PAYLOADS = frozenset(str(kept) for kept in Payload)
_BLANK: Data = {
    "cause": "", "reason": "", "exception": "", "traceback": "", "result": "", "signature": None,
}  # fmt: skip


def apply(book: Book, event: record.EventRecord, *, waits: bool) -> None:
    """Moves the run as the event says.  `waits`: verdicts wait for the dead process's lines."""
    if event.kind == record.CLOSE:
        on_close(book, event.data, waits=waits)
    elif event.kind in _HANDLERS:
        _HANDLERS[event.kind](book, event.data)
    elif event.kind == record.END:
        on_end(book, event.data, waits=waits)


def on_queued(book: Book, data: Data) -> None:
    """The task was published, or published again by a retry."""
    run = book.runs[data["task_id"]]
    at = when(data.get("at"))
    # A page that has sent the task may have made the row, and knows less of it.
    unknown = not run.name or not (run.queued_at or run.started_at)
    if run.cause == Cause.NOT_REACHED:
        book.change(run, state=State.PENDING, finished_at=None, **_BLANK)
    if run.queued_at is None or at > run.queued_at:
        book.change(run, queued_at=at)
    if unknown:
        _describe(book, run, data)
        if run.task_id in book.new:
            book.change(run, created_at=at)
        book.tell("queued", run.task_id, name=run.name, queue=run.queue)


def on_start(book: Book, data: Data) -> None:
    """An attempt began: the run follows it, unless a later one is known already."""
    run = book.runs[data["task_id"]]
    at = when(data.get("at"))
    newest = book.newest(run.task_id)
    attempt = _started(book, data, at)
    _describe(book, run, data)
    if run.task_id in book.new:
        book.change(run, created_at=min(at, run.created_at))
    if data.get("queued_at"):
        book.change(run, queued_at=when(data["queued_at"]))
    if attempt.finished_at is None and (newest is None or newest.started_at <= at):
        _follow(book, run, attempt, data)


def _started(book: Book, data: Data, at: datetime) -> TaskAttempt:
    values = {
        "worker": name(data.get("worker")),
        "pid": _whole(data.get("pid")),
        "spool": name(data.get("spool")),
        "started_at": at,
        "redelivered": bool(data.get("redelivered")),
    }
    known = book.attempts[data["task_id"]].get(data["attempt"])
    if known is None:
        return book.add_attempt(data["task_id"], data["attempt"], **values)
    # A line overtook the start: the attempt was made from it, bare.
    book.change(known, **values)
    return known


def _follow(book: Book, run: TaskRun, attempt: TaskAttempt, data: Data) -> None:
    early = _early_verdict(run, attempt)
    if run.state in BAD:
        book.reached += after(run)
    book.change(
        run,
        state=State.STARTED,
        started_at=attempt.started_at,
        spoke_at=attempt.started_at,
        finished_at=None,
        worker=attempt.worker,
        retries=_whole(data.get("retries")),
        progress=None,
        progress_message="",
        **_BLANK,
    )
    if early:
        book.change(attempt, verdict=early)
        book.tell("moved", run.task_id, state=run.state)
    else:
        book.tell("started", run.task_id, name=run.name, attempt=attempt.uuid, worker=run.worker)


def _early_verdict(run: TaskRun, attempt: TaskAttempt) -> Data | None:
    """The end of this very attempt, where its news was read before its start."""
    if run.finished_at is None or run.started_at or run.finished_at < attempt.started_at:
        return None
    return {
        "at": run.finished_at.timestamp(),
        "state": run.state,
        "cause": run.cause,
        "reason": run.reason,
        "exception": run.exception,
        "told": True,
    }


def _describe(book: Book, run: TaskRun, data: Data) -> None:
    """Names and arguments; what is already known and not said again stays."""
    said = {key: name(data.get(key)) for key in ("name", "queue", *_RELATED)}
    said["triggered_by"] = name(data.get("user"), 150)
    said["request_id"] = name(data.get("request_id"), 200)
    said["schedule"] = name(data.get("schedule"), 200)
    said["args"] = clean(data.get("args"))
    said["kwargs"] = clean(data.get("kwargs"))
    said["payload"] = kept if (kept := str(data.get("payload"))) in _PAYLOADS else ""
    # A retry names itself as its parent, and what replaces a task names what came before it.
    if run.parent_id or said["parent_id"] == run.task_id:
        del said["parent_id"]
    book.change(run, **{key: text for key, text in said.items() if text})
    if data.get("sealed"):
        book.sealed[run.task_id] = clean(data["sealed"])
    # How it was sent first; Celery's own retry leaves parts of it out.
    if data.get("envelope") and not run.envelope:
        book.change(run, envelope=tidied(data["envelope"]))
        if data.get("sealed_envelope"):
            book.sealed_envelopes[run.task_id] = clean(data["sealed_envelope"])


def on_end(book: Book, data: Data, *, waits: bool) -> None:
    """The attempt's own process says it ended, and what it counted.

    A process that was told to exit does not know why: its word waits for its parent's verdict.
    """
    attempt = attempt_of(book, data["task_id"], data["attempt"], when(data.get("at")))
    _complete_receipt(book, attempt, data)
    verdict = attempt.verdict
    if attempt.finished_at or (verdict and verdict["at"] <= _seconds(data)):
        return
    if waits and data.get("cause") == Cause.SHUTDOWN:
        book.change(attempt, verdict={**data, "at": _seconds(data), "weak": True})
    else:
        finish(book, attempt, data)


def _complete_receipt(book: Book, attempt: TaskAttempt, data: Data) -> None:
    more = max(_whole(data.get("dropped")) - attempt.dropped, 0)
    run = book.runs[attempt.task_id]
    if more:
        book.change(run, dropped_count=run.dropped_count + more)
    book.change(
        attempt,
        emitted=_whole(data.get("emitted")),
        dropped=attempt.dropped + more,
        capture_us=_whole(data.get("capture_us")),
    )


def on_close(book: Book, data: Data, *, waits: bool) -> None:
    """Somebody else says it ended: its process is dead, or it never began."""
    run = book.runs[data["task_id"]]
    attempt = _open_attempt(book, run.task_id, name(data.get("worker")))
    if attempt is None:
        if run.state in (State.PENDING, State.RETRY):
            _end_run(book, run, data)
    elif not waits:
        finish(book, attempt, data)
    elif attempt.verdict is None or attempt.verdict.get("weak"):
        book.change(attempt, verdict={**data, "at": _seconds(data)})


def _open_attempt(book: Book, task_id: str, worker: str) -> TaskAttempt | None:
    attempts = [
        attempt
        for attempt in book.attempts[task_id].values()
        if attempt.finished_at is None and attempt.worker in ("", worker)
    ]
    return max(attempts, key=lambda attempt: attempt.started_at, default=None)


def finish(book: Book, attempt: TaskAttempt, data: Data) -> None:
    """Closes the attempt; the run ends with it if it is the newest."""
    state, cause = state_of(data), cause_of(data)
    book.change(
        attempt,
        finished_at=max(when(data.get("at")), attempt.started_at),
        outcome=state,
        cause=cause,
        reason=clean(data.get("reason")),
        exception=clean(data.get("exception")),
        **receipt.lags(attempt.uuid.hex),
    )
    if state in BAD:
        book.change(attempt, scene=scene.given(data))
        book.died.append(attempt)
    if book.newest(attempt.task_id) is attempt:
        _end_run(book, book.runs[attempt.task_id], data)


def _end_run(book: Book, run: TaskRun, data: Data) -> None:
    state = state_of(data)
    book.change(
        run,
        state=state,
        cause=cause_of(data),
        reason=clean(data.get("reason")),
        result=clean(data.get("result")),
        exception=clean(data.get("exception")),
        traceback=clean(data.get("traceback")),
    )
    if state not in FINISHED:
        book.tell("moved", run.task_id, state=state)
        return
    book.change(run, finished_at=_end_of(book, data))
    silences.note_end(book, run, when(data.get("at")))
    if state in BAD:
        book.unreached |= dict.fromkeys(after(run), run)
        said = sign(run.exception, run.traceback, run.reason, run.cause or run.state)
        book.change(run, signature=said.key)
    if state == State.SUCCESS and run.progress is not None:
        book.change(run, progress=100.0)
    kind = "reached again" if data.get("told") else "finished"
    book.tell(kind, run.task_id, name=run.name, state=state, cause=run.cause)


def _end_of(book: Book, data: Data) -> datetime:
    """When it ended.  Now, where its host's clock is so far behind that retention would delete
    the run before anybody has seen it.
    """
    at = when(data.get("at"))
    return at if at > book.now - timedelta(days=conf().retention_days) else book.now


def on_progress(book: Book, data: Data) -> None:
    """The bar moved."""
    run = book.runs[data["task_id"]]
    newest = book.newest(run.task_id)
    if run.state in FINISHED or (
        newest and (data.get("attempt") or newest.uuid.hex) != newest.uuid.hex
    ):
        return
    progress, message = _percent(data.get("progress")), name(data.get("message"))
    book.change(run, progress=progress, progress_message=message)
    silences.note(book, run, when(data.get("at")))
    book.tell("progressed", run.task_id, progress=progress, message=message)


def on_tail(book: Book, data: Data) -> None:
    """An unfinished line: shown live, never stored."""
    silences.note(book, book.runs[data["task_id"]], when(data.get("at")))
    book.tell("tail", data["task_id"], **{k: v for k, v in data.items() if k != "task_id"})


_HANDLERS: dict[str, Callable[[Book, Data], None]] = {
    record.QUEUED: on_queued,
    record.START: on_start,
    record.PROGRESS: on_progress,
    record.TAIL: on_tail,
}


def attempt_of(book: Book, task_id: str, hexed: str, at: datetime, spool: str = "") -> TaskAttempt:
    """The attempt; a bare one where its start was damaged or is still to come."""
    known = book.attempts[task_id].get(hexed)
    if known is not None:
        return known
    newest = book.newest(task_id)
    attempt = book.add_attempt(task_id, hexed, started_at=at, spool=spool)
    run = book.runs[task_id]
    if newest is None and run.state in (State.PENDING, State.RETRY):
        book.change(run, state=State.STARTED, started_at=at)
    return attempt


def when(seconds: Any) -> datetime:
    """The moment of an `at`; now where it is none."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.now(UTC)


def state_of(data: Data) -> State:
    """A state to end in.  `Ignore` may leave any word of the task's own behind."""
    ignored = data.get("cause") == Cause.IGNORED
    return _ENDS.get(str(data.get("state")), State.SUCCESS if ignored else State.FAILURE)


def cause_of(data: Data) -> str:
    cause = str(data.get("cause"))
    return cause if cause in _CAUSES else ""


def _seconds(data: Data) -> float:
    return when(data.get("at")).timestamp()


def _whole(value: Any) -> int:
    try:
        return min(max(int(value), 0), 2**31 - 1)
    except (TypeError, ValueError, OverflowError):
        return 0


def _percent(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return min(max(number, 0.0), 100.0) if math.isfinite(number) else None
