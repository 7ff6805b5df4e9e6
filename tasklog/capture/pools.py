"""Who inherits a run: threads, executors and forks that a task starts.  WORKER.

Coroutines and greenlets inherit by themselves.  On Python 3.13 threads do not, and the threads of
an executor live longer than the task that started them: they get the run with each piece of work.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.capture.sink import InlineSink
from tasklog.spool.appender import appender


def install() -> None:
    """Wraps `Thread.start` and `ThreadPoolExecutor.submit` once; hears of forks."""
    if hasattr(threading.Thread.start, "tasklog"):
        return
    threading.Thread.start = _start_with_run(threading.Thread.start)  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = _submit_with_run(ThreadPoolExecutor.submit)  # type: ignore[method-assign]
    os.register_at_fork(before=_flush_console, after_in_child=_after_fork)


def _start_with_run(original: Any) -> Any:
    def start(self: threading.Thread) -> None:
        attempt = CURRENT.get()
        if attempt is not None:
            self.run = partial(_carry, attempt, self.run)  # type: ignore[method-assign]
        original(self)

    start.tasklog = True  # type: ignore[attr-defined]
    return start


def _submit_with_run(original: Any) -> Any:
    def submit(self: ThreadPoolExecutor, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        attempt = CURRENT.get()
        if attempt is None:
            return original(self, fn, *args, **kwargs)
        try:
            # The thread that may be started here belongs to nobody.
            CURRENT.set(None)
            return original(self, partial(_carry, attempt, fn), *args, **kwargs)
        finally:
            CURRENT.set(attempt)

    return submit


def _carry(attempt: Attempt, call: Any, /, *args: Any, **kwargs: Any) -> Any:
    token = CURRENT.set(attempt)
    try:
        return call(*args, **kwargs)
    finally:
        CURRENT.reset(token)


def _flush_console() -> None:
    """What waits for the console would be written twice: by the parent and by the child."""
    if CURRENT.get() is not None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.real.flush()  # type: ignore[union-attr]


def _after_fork() -> None:
    """The run goes on in the child, as another origin with its own file."""
    attempt = CURRENT.get()
    while attempt is not None:
        inline = isinstance(attempt.sink, InlineSink)
        attempt.move_to_child(InlineSink(stores=False) if inline else appender())
        attempt = attempt.outer
