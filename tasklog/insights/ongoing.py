"""Figures of what sources still write: a connection's run goes on all day.  WORKER.

A page reads the first lines of a run that goes on, which says little of a day's end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from tasklog.insights import figures
from tasklog.insights.models import RunFigures
from tasklog.models import TaskRun

# Seconds that one call goes on, and runs it looks at.
AT_ONCE, MOST = 30.0, 1000
# Counted again when they have grown by so much: each time is a walk over all their lines.
GROWN = 1.1


def renew(*, seconds: float = AT_ONCE) -> int:
    """Counts those that no page counts whole and that have grown; returns how many."""
    until, done = time.monotonic() + seconds, 0
    for run in _grown():
        figures.calculate(run)
        done += 1
        if time.monotonic() > until:
            break
    return done


def _grown() -> Iterator[TaskRun]:
    """The longest first."""
    open_ones = TaskRun.objects.filter(finished_at=None, line_count__gt=figures.REACH)
    runs = list(open_ones.exclude(source="").order_by("-line_count")[:MOST])
    rows = RunFigures.objects.filter(pk__in=[run.pk for run in runs])
    counted = {row.pk: row.data["looked_at"] for row in rows}
    for run in runs:
        if min(run.line_count, figures.WHOLE) >= GROWN * counted.get(run.pk, 0):
            yield run
