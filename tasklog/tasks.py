"""For authors of tasks: the marker base class, output outside of tasks, an example.  BOTH."""

from __future__ import annotations

import io
import secrets
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task, shared_task

from tasklog.capture import lifecycle, streams
from tasklog.capture.attempt import CODE_OF, Attempt
from tasklog.capture.context import CURRENT
from tasklog.capture.guard import guarded
from tasklog.capture.sink import InlineSink
from tasklog.models import TaskRun
from tasklog.spool import record


class TerminalLoggingTask(Task):  # type: ignore[type-arg]
    """Marks tasks to be captured where `CELERY_TASKLOG_CAPTURE = "base"`.

    It has no `__call__`: Celery's fast path stays.  Opt a task out with `tasklog = False`.
    """

    abstract = True
    tasklog = True


@contextmanager
def capture_output(task_id: str) -> Iterator[None]:
    """Stores what the block writes as lines of `task_id`, in the caller's own connection.

    They are readable when the block ends, also inside a transaction.  A run that nobody knows
    yet starts and ends with the block; one that exists, or runs right here, only gets the lines.
    """
    attempt, owns = _attempt_of(str(task_id))
    streams.ensure()
    attempt.outer = CURRENT.get()
    CURRENT.set(attempt)
    if owns:
        _start(attempt)
    try:
        yield
    except BaseException as error:
        _end(attempt, owns, error)
        raise
    else:
        _end(attempt, owns, None)
    finally:
        CURRENT.set(attempt.outer)
        streams.flush()
        attempt.sink.store()  # type: ignore[attr-defined]


def _attempt_of(task_id: str) -> tuple[Attempt, bool]:
    """An attempt that stores at once, and whether the run is its own."""
    running = lifecycle.running.get(task_id)
    if running is not None:
        return _beside(task_id, running.hex), False
    if _exists(task_id):
        return _beside(task_id, ""), False
    return Attempt(task_id, "capture_output", InlineSink(), hexed=uuid.uuid4().hex), True


def _beside(task_id: str, hexed: str) -> Attempt:
    origin = secrets.randbelow(2**31 - 1) + 1
    return Attempt(task_id, "capture_output", InlineSink(), hexed=hexed, origin=origin)


def _exists(task_id: str) -> bool:
    found: list[bool] = []
    _look(task_id, found)
    return bool(found)


@guarded
def _look(task_id: str, found: list[bool]) -> None:
    if TaskRun.objects.filter(pk=task_id).exists():
        found.append(True)


@guarded
def _start(attempt: Attempt) -> None:
    attempt.event(record.START, {"name": attempt.name, "pid": attempt.pid})


@guarded
def _end(attempt: Attempt, owns: bool, error: BaseException | None) -> None:
    attempt.finish_lines()
    if error is not None:
        attempt.error("".join(traceback.format_exception(error)))
    if owns:
        attempt.close({"state": "SUCCESS"} if error is None else lifecycle.failed(error))


class DBLogWriter(io.TextIOBase):
    """A writable text stream; every line it completes is stored at once under `task_id`.

    `stream` is "stdout" or "stderr".  `close()` stores what has no end yet.
    """

    def __init__(self, task_id: str, stream: str = "stdout") -> None:
        super().__init__()
        self.task_id = str(task_id)
        self.stream = stream
        self._code = CODE_OF[stream]
        self._attempt = _attempt_of(self.task_id)[0]
        if self._attempt.origin == 0:
            self._attempt = _beside(self.task_id, "")

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._attempt.write(self._code, text)
        if "\n" in text:
            self._attempt.sink.store()  # type: ignore[attr-defined]
        return len(text)

    def flush(self) -> None:
        self._attempt.sink.store()  # type: ignore[attr-defined]

    def close(self) -> None:
        if not self.closed:
            self._attempt.finish_lines()
            super().close()


@shared_task(base=TerminalLoggingTask, bind=True, name="tasklog.timed_print_task")
def timed_print_task(self: Any, duration: float = 5, interval: float = 1) -> str:
    """Prints a line every `interval` seconds for `duration` seconds."""
    started = time.monotonic()
    steps = max(int(duration / interval), 1)
    for step in range(1, steps + 1):
        print(f"step {step} of {steps}: {time.monotonic() - started:.1f} s")  # noqa: T201
        self.update_state(state="PROGRESS", meta={"current": step, "total": steps})
        time.sleep(max(0.0, started + step * interval - time.monotonic()))
    return f"{steps} steps in {time.monotonic() - started:.1f} s"


@shared_task(base=TerminalLoggingTask, name="tasklog.canary")
def canary(first: int, lines: int, rate: float) -> None:
    """Prints `canary N` for `lines` numbers from `first` on, `rate` a second."""
    began = time.monotonic()
    for index in range(lines):
        print(f"canary {first + index}")  # noqa: T201
        time.sleep(max(0.0, began + (index + 1) / rate - time.monotonic()))
