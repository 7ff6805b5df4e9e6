"""Log records of a task, whatever logger they come from and whatever it does with them.  WORKER.

A handler at the root misses loggers that do not propagate (all of `celery.task`), so the wrap is
where every enabled record passes: `Logger.callHandlers`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery.exceptions import SoftTimeLimitExceeded

from tasklog.capture import below, guard, raising, recorder
from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.conf import conf
from tasklog.line import LOG
from tasklog.spool.record import CODES, field

# Celery's redirect of the streams: its text comes from our proxies already.
REDIRECTED = "celery.redirected"
# Celery's words about the task itself: the run says the same, the traceback is a line already.
TRACE = "celery.app.trace"

_formatter = logging.Formatter()
_code = CODES[LOG]


def install() -> None:
    """Wraps `Logger.callHandlers` once."""
    original = logging.Logger.callHandlers
    if not hasattr(original, "tasklog"):
        logging.Logger.callHandlers = _wrap(original)  # type: ignore[method-assign,assignment]
    if conf().recorder:
        below.install()


def _wrap(
    original: Callable[[logging.Logger, logging.LogRecord], None],
) -> Callable[[logging.Logger, logging.LogRecord], None]:
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        attempt = CURRENT.get()
        if attempt is None:
            return original(self, record)
        ours = attempt.below and below.claims(self, record)
        if record.name != REDIRECTED and not _is_celerys_own(record):
            try:
                (_keep if ours else take)(attempt, record)
            except guard.MISTAKES as error:
                guard.note(error)
        if ours:
            return None
        # What a handler writes to the console, `lastResort` included, is no second line.
        try:
            CURRENT.set(None)
            return original(self, record)
        finally:
            CURRENT.set(attempt)

    call_handlers.tasklog = True  # type: ignore[attr-defined]
    return call_handlers


def _is_celerys_own(record: logging.LogRecord) -> bool:
    return record.name == TRACE and (record.levelno == logging.INFO or hasattr(record, "data"))


def take(attempt: Attempt, record: logging.LogRecord) -> None:
    """Adds the record's lines to the attempt."""
    attempt.lines(_code, record.levelno, field(record.name), _text(record))


def _keep(attempt: Attempt, record: logging.LogRecord) -> None:
    """What was made for us alone: lines of a raised run, else the recorder's."""
    if raising.is_raised(attempt):
        take(attempt, record)
        return
    if attempt.recorder is None:
        attempt.recorder = recorder.Recorder()
    lines = attempt.split(_text(record))
    attempt.recorder.keep(record.levelno, field(record.name), lines)


def _text(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
        if record.exc_info or record.exc_text or record.stack_info:
            text = "\n".join([text, *_more(record)])
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        guard.note(error)
        text = f"{record.msg!s} (its arguments do not fit: {type(error).__name__})"
    return text


def _more(record: logging.LogRecord) -> list[str]:
    parts = []
    if record.exc_info and not record.exc_text:
        # Kept where the handlers look for it: formatted once.
        record.exc_text = _formatter.formatException(record.exc_info)
    if record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(record.stack_info)
    return parts
