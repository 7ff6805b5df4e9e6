"""The worker's edge: a fault of the capture is counted, and never the task's fault.  BOTH."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from celery.exceptions import SoftTimeLimitExceeded

# What a mistake of ours looks like.  On the way of a task's own line nothing wider may be caught:
# a time limit, or whatever else a signal handler raises, can come up in the middle of it.
MISTAKES = (LookupError, TypeError, AttributeError, ArithmeticError, AssertionError)

# How often the capture failed in this process, and how, the last time.
faults = 0
last_fault = ""


def note(error: BaseException) -> None:
    """Counts a fault.  Never logged: a log record would come back to the capture."""
    global faults, last_fault  # noqa: PLW0603
    faults += 1
    last_fault = f"{type(error).__name__}: {error}"


def guarded[**P](call: Callable[P, None]) -> Callable[P, None]:
    """The call without its exceptions; a soft time limit gets through, it is the task's."""

    @wraps(call)
    def safely(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            call(*args, **kwargs)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            note(error)

    return safely
