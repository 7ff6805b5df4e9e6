"""How each attempt of a run ended, in words that stand where its lines end.  WEB."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.templatetags.tasklog_ui import human_duration
from tasklog.models import TaskAttempt

Ends = Mapping[int, str]


def ends_of(task_id: str) -> Ends:
    """The words by the number of the attempt; those that run have none yet."""
    ended = TaskAttempt.objects.filter(task_id=task_id, finished_at__isnull=False)
    return {attempt.number: words(attempt) for attempt in ended}


def words(attempt: TaskAttempt) -> str:
    """`Attempt 1: Lost after 3.2 s · The worker process vanished`."""
    said = f"Attempt {attempt.number}: {attempt.get_outcome_display() or 'Ended'}"
    why = attempt.reason or (attempt.get_cause_display() if attempt.cause else "")
    return f"{said} after {human_duration(attempt.duration)}" + (f" · {why}" if why else "")
