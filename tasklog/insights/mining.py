"""Counts stored lines into patterns, batch by batch.  WORKER.

Reads by cursor and counts outside of any transaction; then one short transaction moves the cursor,
if it still stands where it stood, and adds the counts.  So every line is counted once, whoever is
killed when, and the drainer never waits for more than those few rows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from tasklog.insights import catalogue
from tasklog.insights.fingerprint import Templates
from tasklog.insights.horizon import horizon
from tasklog.insights.models import Cursor
from tasklog.insights.reading import read_after
from tasklog.insights.tally import count
from tasklog.models import TaskRun

logger = logging.getLogger(__name__)

LINES = "lines"
# Lines of one batch: some 10 MB, and a transaction of a few hundred rows.
BATCH = 20_000
# So long one call goes on (seconds), so that a worker's process is free again.
AT_ONCE = 60.0
_templates = Templates()


def mine(*, seconds: float = AT_ONCE, batch: int = BATCH) -> int:
    """Counts what is new; returns how many lines were read."""
    done, until = 0, time.monotonic() + seconds
    upto = horizon()
    while upto is not None and time.monotonic() < until:
        taken = mine_batch(upto, batch)
        if not taken:
            break
        done += taken
    return done


def mine_batch(upto: int, limit: int = BATCH) -> int:
    """One batch; 0 when there is nothing, or when another process was faster."""
    cursor, _ = Cursor.objects.get_or_create(name=LINES)
    rows = read_after(cursor.position, upto, limit)
    if not rows:
        return 0
    tally = count(rows, _names({row[1] for row in rows}), _templates)
    with transaction.atomic():
        moved = Cursor.objects.filter(name=LINES, position=cursor.position).update(
            position=rows[-1][0], moved_at=timezone.now(), asked_at=None
        )
        if moved:
            catalogue.add(tally)
    return len(rows) if moved else 0


def is_behind() -> bool:
    """Are there lines that nobody has counted?"""
    from tasklog.models import TaskLogLine

    cursor = Cursor.objects.filter(name=LINES).first()
    return TaskLogLine.objects.filter(pk__gt=cursor.position if cursor else 0).order_by().exists()


def _names(task_ids: Iterable[str]) -> dict[str, str]:
    ids = sorted(task_ids)
    names: dict[str, str] = {}
    for place in range(0, len(ids), 500):
        found = TaskRun.objects.filter(pk__in=ids[place : place + 500])
        names.update(found.values_list("pk", "name"))
    return names
