"""The runs of a workflow as its merged log takes them: how far each reaches.  BOTH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from tasklog.archive.merged import Strand
from tasklog.models import TaskAttempt, TaskRun
from tasklog.workflows.place import Reach


def reaches_of(runs: Sequence[TaskRun]) -> list[Reach]:
    """The runs as places count them; over is one whose attempts are all closed."""
    finished = [run.task_id for run in runs if run.finished]
    still = TaskAttempt.objects.filter(task_id__in=finished, finished_at=None)
    open_ones = set(still.order_by().values_list("task_id", flat=True))
    return [
        Reach(run.task_id, run.line_count, run.finished and run.task_id not in open_ones)
        for run in runs
    ]


def strands_of(runs: Sequence[TaskRun]) -> list[Strand]:
    """These runs, whole, in the order of the merge."""
    now = _micros(timezone.now())
    return [
        Strand(
            run.task_id, order, 0, run.line_count, _micros(run.started_at or run.created_at),
            _micros(run.finished_at) if run.finished_at else now,
        )
        for order, run in enumerate(runs)
    ]  # fmt: skip


def between(
    strands: list[Strand], above: Mapping[str, int], below: Mapping[str, int]
) -> list[Strand]:
    """The same, as far as they lie between these two places."""
    for strand in strands:
        strand.after = above.get(strand.task_id, 0)
        strand.upto = below.get(strand.task_id, 0)
    return strands


def _micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
