"""A look at the past where the past left other traces than runs and their lines.  WEB.

Queues leave samples, workers the runs that were lost with them, sources runs of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tasklog.alerts import conditions, depths
from tasklog.alerts.finding import Preview, Sample
from tasklog.alerts.models import Rule
from tasklog.alerts.scope import Origin, covers, within
from tasklog.archive.reader import read_lines
from tasklog.line import SYSTEM
from tasklog.models import TaskRun
from tasklog.states import State

RUNS, LINES, SAMPLES = 500, 2_000, 5
SECONDS = 0.8
# Runs that were lost within so long of each other were lost together.
TOGETHER = timedelta(minutes=10)


def queue(rule: Rule, user: Any) -> Preview:
    """Each time a queue grew past the limit; without samples, the present."""
    kept = depths.before()
    if not kept:
        why = "yet" if depths.kept() else "without tasklog.control"
        return _present(rule, f"How long queues were is not kept {why}.")
    looked = [one for one in kept if covers(rule.queues, one.queue)]
    found = tuple(sorted(_grown(looked, rule.number("waiting", 100)), key=_newest))
    since = kept[-1].at
    return Preview(len(found), len(looked), "samples of queues", since, found[:SAMPLES])


def _grown(samples: list[depths.Deep], limit: float) -> Iterator[Sample]:
    """The samples past the limit whose queue's one before was not."""
    by_queue: dict[str, list[depths.Deep]] = {}
    for one in samples:
        by_queue.setdefault(one.queue, []).append(one)
    for name, seen in by_queue.items():
        for later, earlier in pairwise([*seen, depths.Deep(name, seen[-1].at, 0)]):
            if later.depth > limit >= earlier.depth:
                yield Sample(f"{later.depth:,} tasks waited in {name}", later.at)


def worker(rule: Rule, user: Any) -> Preview:
    """Workers whose runs were lost with them, and those that are gone now."""
    lost = TaskRun.objects.visible_to(user).filter(state=State.LOST).exclude(worker="")
    rows = list(lost.order_by("-finished_at").values_list("worker", "finished_at", "pk")[:RUNS])
    gone = _present(rule, "A worker that held no run leaves no trace once it is back.")
    found = [*gone.samples, *_vanished(rows)]
    since = rows[-1][1] if rows else None
    return Preview(len(found), len(rows), "lost runs", since, tuple(found[:SAMPLES]), gone.note)


def _vanished(rows: list[tuple[str, datetime, str]]) -> Iterator[Sample]:
    """One for each time, though it took several runs along; the newest first."""
    newest: dict[str, datetime] = {}
    for name, at, run_id in rows:
        if name not in newest or newest[name] - at > TOGETHER:
            yield Sample(f"Worker {name} was gone", at, run_id)
        newest[name] = at


def source(rule: Rule, user: Any) -> Preview:
    """Lines of the newest runs that came from a source, for less than a second."""
    runs = TaskRun.objects.visible_to(user).exclude(source="").order_by("-created_at")[:RUNS]
    until, found, looked, since = time.monotonic() + SECONDS, list[Sample](), 0, None
    for run in runs:
        if time.monotonic() > until:
            break
        if within(rule, Origin(run.name, run.queue, run.source)):
            found += _lines(rule, run)
            looked, since = looked + run.line_count, run.created_at
    return Preview(len(found), looked, "lines from sources", since, tuple(found[:SAMPLES]))


def _lines(rule: Rule, run: TaskRun) -> Iterator[Sample]:
    least = int(rule.number("level", conditions.ERROR))
    for line in reversed(read_lines(run.pk, levels=least or None, newest=True, limit=LINES)):
        if line.stream != SYSTEM:
            at = datetime.fromtimestamp(line.at / 1_000_000, tz=run.created_at.tzinfo)
            yield Sample(line.message[:200], at, run.pk, line.number)


def _present(rule: Rule, note: str) -> Preview:
    found = [Sample(finding.title) for finding in conditions.OF_TIME[rule.condition](rule)]
    return Preview(len(found), 0, "now", None, tuple(found[:SAMPLES]), note)


def _newest(sample: Sample) -> float:
    return -(sample.at.timestamp() if sample.at else 0.0)
