"""Writes the week's runs, and takes them away again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import batched

from django.db import transaction

from demo.seed import closing, office, outside, shop
from demo.seed.forgetting import forget
from demo.seed.telling import MARK, Teller, Told
from tasklog.models import TaskAttempt, TaskFailure, TaskLogLine, TaskRun, TaskTally
from tasklog.states import FINISHED
from tasklog.tallying import count_all, write

JOBS = (*shop.JOBS, *office.JOBS, *closing.JOBS)
NAMES = tuple(job.name for job in JOBS)
# Runs of one transaction.
STEP = 50
# Between two of them, in seconds: SQLite keeps no queue, others get the lock in a pause alone.
BREATH = 0.02


def foreign() -> bool:
    """Are there runs that are neither seeded nor this product's own?"""
    others = TaskRun.objects.exclude(pk__startswith=MARK).exclude(name__startswith="tasklog.")
    return others.exclude(name__in=NAMES).exclude(pk__in=outside.runs()).exists()


def seeded() -> list[str]:
    """The ids of the runs that were seeded, in order."""
    found = TaskRun.objects.filter(pk__startswith=MARK).order_by("pk")
    return list(found.values_list("pk", flat=True))


def make(begin: datetime, end: datetime) -> int:
    """Writes every run that was over by `end`; how many it were."""
    told = [one for one in _tell(begin, end) if one.run.finished_at and one.run.finished_at < end]
    # Ids of lines go up with time: what is counted goes by them.
    told.sort(key=lambda one: one.run.created_at)
    for part in batched(told, STEP):
        _store(part)
        time.sleep(BREATH)
    return len(told)


def clear() -> int:
    """Deletes the seeded runs with all that belongs to them; how many runs went."""
    return forget(seeded())


def tally() -> None:
    """Counts these tasks anew.  Others keep what deleted runs have left in their numbers."""
    ended = TaskRun.objects.filter(name__in=NAMES, state__in=FINISHED)
    counted = count_all(ended.iterator(chunk_size=1000))
    with transaction.atomic():
        for model in (TaskTally, TaskFailure):
            model.objects.filter(name__in=NAMES).delete()
        write(counted)


def _tell(begin: datetime, end: datetime) -> Iterator[Told]:
    for job in (*shop.JOBS, *office.JOBS):
        yield from Teller(job, end).runs(begin)
    yield from closing.nights(begin, end)


@transaction.atomic
def _store(part: tuple[Told, ...]) -> None:
    TaskRun.objects.bulk_create([told.run for told in part])
    TaskAttempt.objects.bulk_create([attempt for told in part for attempt in told.attempts])
    for told in part:
        for attempt, lines in zip(told.attempts, told.lines, strict=True):
            for line in lines:
                line.attempt_id = attempt.pk
    lines = [line for told in part for own in told.lines for line in own]
    TaskLogLine.objects.bulk_create(lines, batch_size=2000)
