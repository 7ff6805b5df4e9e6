"""For the tests of projects that use TaskLog."""

from __future__ import annotations

from tasklog.archive.reader import iter_lines


def lines_of(task_id: str) -> list[str]:
    """What the task wrote, in order; at once with `CELERY_TASKLOG_DRAINER = "inline"`."""
    return [line.message for line in iter_lines(str(task_id))]
