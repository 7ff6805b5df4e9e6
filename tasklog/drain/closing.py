"""Ends attempts that cannot do it themselves, and says why in their log.

Two ways lead here: a verdict of another process that has waited for the dead process's last
lines, and a process that is dead without anybody having said a word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from tasklog.drain.book import Book
from tasklog.drain.events import finish
from tasklog.drain.store import write
from tasklog.models import TaskAttempt
from tasklog.states import Cause, State

# A verdict waits at most so long for its process's last lines (seconds).
GRACE_SECONDS = 5.0
# A dead process's attempts wait so long for a verdict (seconds).  Celery's main process does not
# always notice a death at once; it counts its children every 5.
NOTICE_SECONDS = 8.0
VANISHED = "the worker process vanished"
_ERROR = 40

Verdict = Callable[[TaskAttempt], dict[str, Any] | None]


def close(attempts: Iterable[TaskAttempt], verdict: Verdict) -> int:
    """Closes those attempts that are still open and have a verdict; returns how many."""
    found = {attempt.uuid.hex: attempt.task_id for attempt in attempts}
    if not found:
        return 0
    with transaction.atomic():
        book = Book(set(found.values()))
        closed = sum(_close(book, task_id, hexed, verdict) for hexed, task_id in found.items())
        write(book)
    return closed


def _close(book: Book, task_id: str, hexed: str, verdict: Verdict) -> bool:
    attempt = book.attempts[task_id].get(hexed)
    if attempt is None or attempt.finished_at is not None:
        return False
    data = verdict(attempt)
    if data is None:
        return False
    finish(book, attempt, data)
    book.remark(task_id, attempt, _ERROR, sentence(data))
    return True


def close_verdicts(now: datetime | None = None) -> int:
    """Carries out the verdicts that have waited long enough; returns how many still wait."""
    limit = (now or datetime.now(UTC)).timestamp() - GRACE_SECONDS
    waiting = list(TaskAttempt.objects.filter(finished_at=None, verdict__isnull=False))
    due = [attempt for attempt in waiting if attempt.verdict and attempt.verdict["at"] <= limit]
    return len(waiting) - close(due, lambda attempt: attempt.verdict)


def close_process(stem: str, *, vanished: bool) -> int:
    """A process is dead and drained: its attempts get their verdicts.

    With `vanished` nobody else will say anything: a weak verdict has to do, and those without
    one are lost.  Returns how many stay open.
    """
    attempts = list(TaskAttempt.objects.filter(finished_at=None, spool=stem))

    def verdict(attempt: TaskAttempt) -> dict[str, Any] | None:
        said = attempt.verdict
        if vanished:
            return said or _lost(VANISHED)
        return None if said is None or said.get("weak") else said

    return len(attempts) - close(attempts, verdict)


def close_lost(workers: Collection[str]) -> int:
    """These workers are gone: so are their attempts."""
    attempts = TaskAttempt.objects.filter(finished_at=None, worker__in=workers)
    return close(
        attempts,
        lambda attempt: attempt.verdict or _lost(f"the worker {attempt.worker} fell silent"),
    )


def _lost(reason: str) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).timestamp(),
        "state": State.LOST,
        "cause": Cause.LOST,
        "reason": reason,
    }


def sentence(data: dict[str, Any]) -> str:
    """The end in words, as the log's last line."""
    label = State(data["state"]).label if data.get("state") in State.values else "Ended"
    return f"{label}: {data['reason']}" if data.get("reason") else label
