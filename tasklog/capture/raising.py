"""A running run is raised to DEBUG for a while, on a person's word.  WORKER.

The worker's main process hears the command and pins it to a board: a page of memory that its
children share with it since their fork.  A child looks at the board when a record below its
logger's level is asked for, so a print, and a record at its level, cost what they did.
"""

from __future__ import annotations

import json
import mmap
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tasklog.conf import RAISE_SECONDS

if TYPE_CHECKING:
    from tasklog.capture.attempt import Attempt

COMMAND = "tasklog_raise"
# The board's bytes: whether anything stands on it, how long its text is, and the text.
SIZE, TEXT = 64 << 10, 5
_INFO = 20

Notes = dict[str, dict[str, Any]]


class Board:
    """Who is raised until when, by task id; one process writes it, all its children read it."""

    def __init__(self) -> None:
        self.shared: mmap.mmap | bytes = bytes(TEXT)  # in a process that is no worker
        self._read: tuple[bytes, Notes] = (b"", {})

    def share(self) -> None:
        """From now on children that are forked see what is written."""
        self.shared = mmap.mmap(-1, SIZE)

    def write(self, notes: Notes) -> bool:
        """False where there is no room."""
        text, shared = json.dumps(notes).encode(), self.shared
        if isinstance(shared, bytes) or len(text) > SIZE - TEXT:
            return False
        shared[0] = 0  # nobody reads half a text
        shared[1:TEXT] = len(text).to_bytes(TEXT - 1)
        shared[TEXT : TEXT + len(text)] = text
        shared[0] = int(bool(notes))
        return True

    def read(self) -> Notes:
        text = bytes(self.shared[TEXT : TEXT + int.from_bytes(self.shared[1:TEXT])])
        if text != self._read[0]:
            # What is being written is no JSON yet: what it said before counts.
            with suppress(ValueError):
                self._read = (text, json.loads(text))
        return self._read[1]


board = Board()
# What the main process has pinned to it.
_pinned: Notes = {}
_lock = threading.Lock()


def install() -> None:
    """Shares the board and listens to the command; called in a worker's main process only."""
    from celery.worker.control import Panel

    board.share()
    Panel.data[COMMAND] = on_raise


def on_raise(state: Any, task_id: str, by: str, until: float, **_: Any) -> dict[str, Any]:
    """The command.  `until`: seconds since 1970; answers for how long it will be, in seconds.

    A worker that was frozen hears it late, and then it may be over.
    """
    left = min(float(until) - time.time(), RAISE_SECONDS)
    if task_id not in _active():
        return {"error": "it does not run here"}
    if left <= 0:
        return {"error": "the command came too late"}
    note = {"until": time.time() + left, "by": str(by)[:150]}
    with _lock:
        if not board.write(_pinned | {task_id: note}):
            return {"error": "too many runs are raised already"}
        _pinned[task_id] = note
    return {"ok": "raised", "seconds": left}


def tidy() -> None:
    """Takes down what is over; called with each heartbeat."""
    if not _pinned:
        return
    active, now = _active(), time.time()
    with _lock:
        for task_id, note in list(_pinned.items()):
            if task_id not in active or note["until"] < now:
                del _pinned[task_id]
        board.write(_pinned)


def _active() -> set[str]:
    from celery.worker import state as worker_state

    return {request.id for request in list(worker_state.active_requests)}


def is_raised(attempt: Attempt) -> bool:
    """Does the board name its run?  Said in its log once, and once more when it is over."""
    note = board.read().get(attempt.task_id)
    raised = note is not None and note["until"] > time.time()
    if raised is not attempt.raised:
        attempt.raised = raised
        attempt.say(_INFO, _told(note) if note and raised else "No longer raised to DEBUG")
    return raised


def _told(note: dict[str, Any]) -> str:
    until = datetime.fromtimestamp(note["until"], UTC)
    return f"Raised to DEBUG until {until:%H:%M:%S} UTC, as {note['by']} asked"
