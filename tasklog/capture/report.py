"""What a task's author may say: how far it is, what it is at.  WORKER.  Outside a task: nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from celery.app.task import Task

from tasklog.capture import redact
from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.capture.guard import guarded
from tasklog.spool import record

# A tight loop may report as often as it likes: so many seconds lie between two records.
EVERY = 0.1


class CurrentRun(NamedTuple):
    """Whose output is being captured; `attempt` is its uuid in hex."""

    task_id: str
    attempt: str
    name: str


def current_run() -> CurrentRun | None:
    """The run this code belongs to; None outside of captured tasks."""
    attempt = CURRENT.get()
    return CurrentRun(attempt.task_id, attempt.hex, attempt.name) if attempt else None


def progress(percent: float | None = None, message: str = "") -> None:
    """Moves the run's progress bar to `percent` (0–100); None leaves only the message."""
    attempt = CURRENT.get()
    if attempt is not None:
        report(attempt, percent, message)


@contextmanager
def section(name: str) -> Iterator[None]:
    """A foldable part of the log: `::group::name` … `::endgroup::` on the system stream."""
    attempt = CURRENT.get()
    if attempt is None:
        yield
        return
    attempt.say(0, f"::group::{name}")
    try:
        yield
    finally:
        attempt.say(0, "::endgroup::")


@guarded
def report(attempt: Attempt, percent: float | None, message: str) -> None:
    now = time.monotonic()
    data = {"progress": percent, "message": redact.mask_cut(str(message), 255)}
    if now < attempt.report_at and (percent is None or percent < 100):
        attempt.unreported = data
        return
    attempt.report_at, attempt.unreported = now + EVERY, None
    attempt.event(record.PROGRESS, data)


def install() -> None:
    """`self.update_state(meta={"progress": 40})` moves the bar as well."""
    original = Task.update_state
    if hasattr(original, "tasklog"):
        return

    def update_state(
        self: Any, task_id: Any = None, state: Any = None, meta: Any = None, **kwargs: Any
    ) -> Any:
        answer = original(self, task_id=task_id, state=state, meta=meta, **kwargs)
        attempt = CURRENT.get()
        if attempt is not None and task_id in (None, attempt.task_id):
            note_state(attempt, state, meta)
        return answer

    update_state.tasklog = True  # type: ignore[attr-defined]
    Task.update_state = update_state  # type: ignore[method-assign]


@guarded
def note_state(attempt: Attempt, state: Any, meta: Any) -> None:
    """What the task says of itself; after `raise Ignore()` its last word counts."""
    attempt.state = state if state in ("SUCCESS", "FAILURE", "REVOKED") else ""
    if isinstance(meta, Mapping):
        percent = percent_of(meta)
        if percent is not None:
            report(attempt, percent, str(meta.get("message") or meta.get("status") or ""))


def percent_of(meta: Mapping[str, Any]) -> float | None:
    """`progress`, `percent`, or `current` of `total`; None where there is neither."""
    for key in ("progress", "percent"):
        if isinstance(meta.get(key), (int, float)):
            return float(meta[key])
    current, total = meta.get("current"), meta.get("total")
    if isinstance(current, (int, float)) and isinstance(total, (int, float)) and total > 0:
        return 100.0 * current / total
    return None
