"""Which running runs are quiet beyond what their task is used to.  WEB, WORKER.

Learned from the longest silences of a task's newest good runs, which the drainer keeps with them
(`tasklog.drain.silences`).  A run whose worker has not been heard of either is left out: then the
drainer is behind, or the worker is gone, and nobody knows whether the task is quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

from django.utils import timezone

from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.models import TaskRun, TaskWorker
from tasklog.querysets import database_now
from tasklog.states import State

# So many good runs, among so many of the newest, say what is usual; fewer than ENOUGH nothing.
SAMPLE, AMONG, ENOUGH = 50, 300, 5
# Quiet is: so many times the usual, and so many seconds beyond it.
FACTOR, LEAST = 2.0, 10.0


@dataclass(frozen=True, slots=True)
class Quiet:
    """A run that has said nothing since then; both figures in seconds."""

    run: TaskRun
    since: datetime
    seconds: float
    usual: float


def usual_silence(name: str) -> float | None:
    """What 95 of 100 of its newest good runs were quiet for at most, in seconds; None for too few.

    `statistics.quantiles` with n=20, the inclusive method: never beyond what was measured.
    """
    newest = TaskRun.objects.filter(name=name).order_by("-created_at")
    rows = newest.values_list("state", "spoke_at", "longest_silence")[:AMONG]
    known: list[float] = [
        longest for state, spoke, longest in rows if state == State.SUCCESS and spoke
    ]
    if len(known) < ENOUGH:
        return None
    return quantiles(known[:SAMPLE], n=20, method="inclusive")[-1]


def quiet_runs(
    runs: Iterable[TaskRun],
    usual: Callable[[str], float | None] = usual_silence,
    *,
    factor: float = FACTOR,
    least: float = LEAST,
) -> list[Quiet]:
    """Those of the runs that are quiet now; who is not long enough is asked nothing about."""
    now = timezone.now()
    edge = now - timedelta(seconds=least)
    calm = [run for run in runs if run.state == State.STARTED and run.spoke_at]
    calm = [run for run in calm if run.spoke_at and run.spoke_at < edge]
    heard = _heard({run.worker for run in calm}) if calm else set()
    found = [_judge(run, now, usual(run.name)) for run in calm if run.worker in heard]
    return [
        one for one in found if one and one.seconds > max(factor * one.usual, one.usual + least)
    ]


def _judge(run: TaskRun, now: datetime, usual: float | None) -> Quiet | None:
    if usual is None or run.spoke_at is None:
        return None
    return Quiet(run, run.spoke_at, (now - run.spoke_at).total_seconds(), usual)


def _heard(workers: set[str]) -> set[str]:
    """Whose heartbeats arrive: they come the way of the lines."""
    since = database_now() - timedelta(seconds=DEAD_AFTER_SECONDS)
    fresh = TaskWorker.objects.filter(name__in=workers, stopped_at=None, seen_at__gt=since)
    return set(fresh.values_list("name", flat=True))
