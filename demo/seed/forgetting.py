"""Takes runs away with all that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import batched

from tasklog.archive.archiving import discard
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun

# Runs of one question.
STEP = 200


def forget(ids: Sequence[str]) -> int:
    """Deletes these runs, their attempts, lines and chunks; how many runs it were."""
    for part in batched(ids, STEP):
        discard(LogChunk.objects.filter(task_id__in=part).defer("data").iterator())
        for model in (TaskLogLine, TaskAttempt):
            model.objects.filter(task_id__in=part).delete()
        TaskRun.objects.filter(pk__in=part).delete()
    return len(ids)
