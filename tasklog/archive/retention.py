"""What is deleted when: runs past their days, and the middle of runs past their lines.  BOTH.

Every transaction deletes at most `STEP` rows, so a writer never waits long for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q, Sum

from tasklog.archive.archiving import discard
from tasklog.conf import conf
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun
from tasklog.querysets import RunQuerySet, database_now
from tasklog.states import State

STEP = 5_000
# While a run goes on, a cap passed by fewer lines is left alone: trimming costs a transaction.
SLACK = 500


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or with a dry run what would go."""

    runs: int
    lines: int


def expired(days: int | None = None) -> RunQuerySet:
    """The finished runs past their days.  `days` overrides the settings for all of them.

    By the database's clock: a host whose own is wrong must not delete the others' runs.
    """
    now = database_now()
    keep = conf().retention_days if days is None else days
    bad = days if days is not None else (conf().failure_retention_days or keep)
    well = Q(state=State.SUCCESS, finished_at__lt=now - timedelta(days=keep))
    badly = ~Q(state=State.SUCCESS) & Q(finished_at__lt=now - timedelta(days=max(keep, bad)))
    return TaskRun.objects.filter(well | badly)


def prune(days: int | None = None, *, dry_run: bool = False) -> Pruned:
    """Deletes expired runs with their lines, chunks and attempts."""
    runs = expired(days)
    if dry_run:
        count = runs.aggregate(lines=Sum(F("line_count") - F("dropped_count")))["lines"]
        return Pruned(runs.count(), count or 0)
    pruned = [delete_run(task_id) for task_id in _ids(runs)]
    return Pruned(len(pruned), sum(pruned))


def delete_run(task_id: str) -> int:
    """Deletes one run and all that belongs to it; returns how many lines went."""
    archived = LogChunk.objects.filter(task_id=task_id).aggregate(lines=Sum("count"))["lines"] or 0
    discard(LogChunk.objects.filter(task_id=task_id).defer("data").iterator())
    rows = _delete_rows(task_id, 0, None)
    TaskAttempt.objects.filter(task_id=task_id).delete()
    TaskRun.objects.filter(task_id=task_id).delete()
    return archived + rows


def trim(run: TaskRun, *, exactly: bool = False) -> int:
    """Keeps the first and the newest half of the cap's lines; returns how many rows went.

    While a run goes on a small surplus is left alone; `exactly` is for its end.  The numbers of
    what stays do not change: the hole in them is the mark that readers show.  Lines of a source
    were bounded when they came in, so all of them stay.
    """
    if run.source:
        return 0
    cap = conf().max_lines
    slack = 0 if exactly else max(SLACK, cap // 10)
    if not cap or run.line_count - run.dropped_count <= cap + slack:
        return 0
    gone = _delete_rows(run.task_id, cap // 2, run.line_count - (cap - cap // 2))
    if gone:
        run.dropped_count += gone
        run.save(update_fields=["dropped_count"])
    return gone


def _ids(runs: RunQuerySet) -> Iterator[str]:
    """Task ids in bounded reads; the runs read are gone before the next read."""
    while page := list(runs.order_by("finished_at").values_list("task_id", flat=True)[:500]):
        yield from page


def _delete_rows(task_id: str, after: int, upto: int | None) -> int:
    """Deletes the rows numbered `after` < number ≤ `upto` in steps."""
    lines = TaskLogLine.objects.of(task_id).after(after)
    if upto is not None:
        lines = lines.filter(number__lte=upto)
    gone = 0
    while step := list(lines.values_list("number", flat=True)[:STEP]):
        gone += lines.filter(number__lte=step[-1]).order_by().delete()[0]
    return gone
