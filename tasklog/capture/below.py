"""Log records below their logger's level: Python makes none, but for who wants them.  WORKER.

A run that was raised to DEBUG wants them (`raising`), and so does the recorder (`recorder`).  They
are theirs alone: the console and the program's own handlers see what they saw before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tasklog.capture import raising, recorder
from tasklog.capture.context import CURRENT
from tasklog.conf import conf

# Which logger was just told that its level counts for nothing, in this thread.
_granted = threading.local()
_is_enabled = logging.Logger.isEnabledFor


def install() -> None:
    """Wraps `Logger.isEnabledFor` once: Python asks it before it makes a record."""
    recorder.most = conf().recorder
    if not hasattr(logging.Logger.isEnabledFor, "tasklog"):
        logging.Logger.isEnabledFor = _wrap(_is_enabled)  # type: ignore[method-assign,assignment]


def _wrap(original: Callable[[logging.Logger, int], bool]) -> Callable[[logging.Logger, int], bool]:
    def is_enabled_for(self: logging.Logger, level: int) -> bool:
        if original(self, level):
            return True
        # All that a call of `debug` costs where nobody wants it.
        if not (raising.board.shared[0] or recorder.most) or level < logging.DEBUG:
            return False
        attempt = CURRENT.get()
        if attempt is None or not (recorder.most or raising.is_raised(attempt)):
            return False
        attempt.below, _granted.logger = True, self
        return True

    is_enabled_for.tasklog = True  # type: ignore[attr-defined]
    return is_enabled_for


def claims(logger: logging.Logger, record: logging.LogRecord) -> bool:
    """True for a record that was made for us alone.

    Who hands a ready record to `Logger.handle` has asked nobody, and keeps it.
    """
    if getattr(_granted, "logger", None) is not logger:
        return False
    _granted.logger = None
    return not _is_enabled(logger, record.levelno)
