"""Makes the tallies anew from the runs that are there.  Run by the command `tasklog_tally`.

Runs are counted before anything is locked; those that end meanwhile are counted in the
transaction that puts the new tallies in place, so drainers go on all the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tasklog.models import TaskFailure, TaskRun, TaskTally
from tasklog.signature import sign
from tasklog.states import BAD, FINISHED
from tasklog.tallying import Count, write

AT_ONCE = 2000
_COLUMNS = (
    "task_id", "name", "state", "cause", "retries", "line_count", "started_at", "finished_at",
    "reason", "exception", "traceback", "signature",
)  # fmt: skip


def recount() -> int:
    """How many runs were counted; failures without a signature get theirs."""
    count, begun = Count(), timezone.now()
    ended = TaskRun.objects.filter(state__in=FINISHED).only(*_COLUMNS)
    counted = _add(count, ended.filter(finished_at__lt=begun))
    with transaction.atomic():
        # Drainers wait here until the new rows are in place.
        list(TaskTally.objects.select_for_update().order_by("name", "span", "since").values("pk"))
        counted += _add(count, ended.filter(finished_at__gte=begun))
        TaskTally.objects.all().delete()
        TaskFailure.objects.all().delete()
        write(count)
    return counted


def _add(count: Count, runs: QuerySet[Any]) -> int:
    counted = 0
    for batch in _batches(runs.order_by("finished_at", "task_id")):
        for run in batch:
            count.add(run)
        _sign(batch)
        counted += len(batch)
    return counted


def _batches(runs: QuerySet[Any]) -> Iterator[list[TaskRun]]:
    """In the order of their ends, so that no cursor has to stay open for minutes."""
    found = list(runs[:AT_ONCE])
    while found:
        yield found
        last = found[-1]
        later = Q(finished_at__gt=last.finished_at) | Q(task_id__gt=last.task_id)
        found = list(runs.filter(later, finished_at__gte=last.finished_at)[:AT_ONCE])


def _sign(runs: list[TaskRun]) -> None:
    unsigned = [run for run in runs if run.state in BAD and run.signature is None]
    for run in unsigned:
        said = sign(run.exception, run.traceback, run.reason, run.cause or run.state)
        run.signature = said.key
    TaskRun.objects.bulk_update(unsigned, ["signature"], batch_size=500)
