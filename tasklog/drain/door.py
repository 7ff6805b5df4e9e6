"""The door for lines that no task wrote: uploaded files, polled connections.  WORKER.

The drainer's own way into the tables, in the transaction of the caller: what the caller keeps
beside the lines (an offset, a cursor) is committed with them or not at all.  A run that came in
here carries its source for ever, and its lines are published and announced like a task's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tasklog.drain.book import Book
from tasklog.drain.store import write
from tasklog.drain.text import clean, name
from tasklog.models import TaskRun
from tasklog.spool.record import LineRecord
from tasklog.states import Cause, State


class RunGone(LookupError):
    """The run was deleted while its source was read."""


def open_run(task_id: str, *, title: str, source: str, user: str = "") -> TaskRun:
    """The run of a source; one that is there stays as it is."""
    now = datetime.now(UTC)
    run, _ = TaskRun.objects.get_or_create(
        task_id=task_id,
        defaults={
            "name": name(title),
            "source": name(source, 300),
            "triggered_by": name(user, 150),
            "created_at": now,
            "queued_at": now,
        },
    )
    return run


class Door:
    """One transaction's entries into one run.  Make it inside `atomic()`: it locks the run.

    Raises `RunGone` where there is none, or where it is a task's own.
    """

    def __init__(self, task_id: str) -> None:
        self.book = Book([task_id])
        self.run = self.book.runs[task_id]
        if task_id in self.book.new or not self.run.source:
            raise RunGone(f"The run {task_id} is gone.")

    def start(self) -> None:
        """Waiting → running; a run that ended is running again."""
        if self.run.state != State.STARTED:
            at = self.run.started_at or self.book.now
            self.book.change(self.run, state=State.STARTED, started_at=at, finished_at=None)
            self.book.tell("started", self.run.task_id, name=self.run.name, attempt=None, worker="")

    def add(self, records: list[LineRecord]) -> None:
        if records:
            self.book.append(self.run.task_id, None, records)

    def remark(self, level: int, text: str) -> None:
        """A line of our own, told apart from theirs by its stream."""
        self.book.remark(self.run.task_id, None, level, clean(text))

    def progress(self, percent: float, message: str) -> None:
        self.book.change(self.run, progress=percent, progress_message=name(message))
        told = {"progress": percent, "message": name(message)}
        self.book.tell("progressed", self.run.task_id, **told)

    def end(self, *, result: str = "", problem: str = "") -> None:
        """Running → succeeded, or failed with the sentence that says why."""
        state = State.FAILURE if problem else State.SUCCESS
        cause = Cause.EXCEPTION if problem else Cause.NONE
        values: dict[str, Any] = {"result": clean(result), "exception": clean(problem)}
        if not problem and self.run.progress is not None:
            values["progress"] = 100.0
        self.book.change(self.run, state=state, cause=cause, finished_at=self.book.now, **values)
        self.book.tell("finished", self.run.task_id, name=self.run.name, state=state, cause=cause)

    def close(self) -> None:
        """Writes what was entered; the news goes out with the commit."""
        write(self.book)
