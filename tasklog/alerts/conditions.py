"""What each condition looks at.  WORKER and HOST.

A condition is a function from a rule to findings.  Those of `OF_RUN` are asked about a run that
has just ended, those of `OF_TIME` every five minutes; each reads a bounded part of an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from operator import attrgetter
from statistics import quantiles

from django.db.models import Count, Max, Q
from django.utils import timezone

from tasklog.alerts import depths
from tasklog.alerts.finding import Finding
from tasklog.alerts.models import Condition, Rule
from tasklog.alerts.quoting import proof_of
from tasklog.alerts.scope import Origin, covers, is_of, named, within
from tasklog.models import TaskRun, TaskWorker
from tasklog.querysets import database_now
from tasklog.silence import FACTOR, Quiet, quiet_runs, usual_silence
from tasklog.states import State

FAILED = [State.FAILURE, State.TIMEOUT, State.LOST]
ERROR = 40
# A window looks at so many runs at most; a baseline is made of so many.
MOST_RUNS = 20_000
BASELINE = 50
ENOUGH = 10
# What a run that may have gone quiet is read with.
_LOOKED_AT = ("name", "queue", "source", "state", "worker", "spoke_at")
_long = attrgetter("seconds")


def failed(rule: Rule, run: TaskRun) -> Iterator[Finding]:
    """The run ended badly; one that was revoked did what it was told."""
    if run.state in FAILED and is_about(rule, run):
        why = run.reason or run.exception or run.state_label
        yield Finding(
            about=run.name,
            title=f"{run.name} failed: {why}"[:300],
            run_id=run.task_id,
            quotes=proof_of(run),
        )


def is_about(rule: Rule, run: TaskRun) -> bool:
    """Is the run within the rule's scope?"""
    return within(rule, Origin(run.name, run.queue, run.source))


def slow(rule: Rule, run: TaskRun) -> Iterator[Finding]:
    """It took `factor` times what 95 of 100 of its last good runs took, and `seconds` at least."""
    took = run.duration
    if run.state != State.SUCCESS or took is None or not is_of(rule, run.name):
        return
    usual = _usual(run)
    limit = max(rule.number("factor", 2) * usual, rule.number("seconds", 1)) if usual else None
    if limit is not None and took.total_seconds() > limit:
        yield Finding(
            about=run.name,
            title=f"{run.name} took {took.total_seconds():,.1f} s, usually {usual:,.1f} s at most",
            run_id=run.task_id,
        )


def _usual(run: TaskRun) -> float | None:
    """The p95 of its newest good runs in seconds, the one asked about left out; None for too few.

    `statistics.quantiles` with n=20, the inclusive method: never beyond what was measured.
    """
    before = TaskRun.objects.filter(name=run.name, state=State.SUCCESS).exclude(pk=run.pk)
    spans = before.order_by("-created_at").values_list("started_at", "finished_at")[:BASELINE]
    took = [(end - start).total_seconds() for start, end in spans if start and end]
    return quantiles(took, n=20, method="inclusive")[-1] if len(took) >= ENOUGH else None


def error_rate(rule: Rule) -> Iterator[Finding]:
    """At least `percent` of `runs` or more that ended in the last `minutes` ended badly."""
    least, percent = rule.number("runs", 10), rule.number("percent", 20)
    minutes = rule.number("minutes", 15)
    ended = TaskRun.objects.filter(finished_at__gte=timezone.now() - timedelta(minutes=minutes))
    bad = Count("pk", filter=Q(state__in=FAILED))
    newest = ended.order_by("-finished_at").values_list("pk")[:MOST_RUNS]
    counted = TaskRun.objects.filter(pk__in=newest).order_by().values("name")
    for row in counted.annotate(total=Count("pk"), bad=bad, newest=Max("pk")):
        share = 100 * row["bad"] / row["total"]
        if row["total"] >= least and share >= percent and is_of(rule, row["name"]):
            told = f"{row['bad']:,} of {row['total']:,} runs of {row['name']} failed"
            yield Finding(about=row["name"], title=f"{told} in {minutes:g} minutes")


def silent(rule: Rule) -> Iterator[Finding]:
    """No run of a task that is named, or has a tag, was asked for in the last `minutes`."""
    minutes = rule.number("minutes", 60)
    since = timezone.now() - timedelta(minutes=minutes)
    if rule.changed_at > since:
        return  # as long as the rule has not watched, it knows nothing
    for name in named(rule):
        if not TaskRun.objects.filter(name=name, created_at__gte=since).exists():
            yield Finding(about=name, title=f"{name} has not run for {minutes:g} minutes")


def quiet(rule: Rule) -> Iterator[Finding]:
    """A running run says nothing for `factor` times what its last good runs were quiet for, and
    for `seconds` beyond that; of each task the longest.
    """
    factor, least = rule.number("factor", FACTOR), rule.number("seconds", 60)
    running = TaskRun.objects.filter(state=State.STARTED).order_by("-created_at")[:MOST_RUNS]
    ours = [run for run in running.only(*_LOOKED_AT) if is_about(rule, run)]
    longest: dict[str, Quiet] = {}
    for one in sorted(
        quiet_runs(ours, cache(usual_silence), factor=factor, least=least), key=_long
    ):
        longest[one.run.name] = one
    for name, one in longest.items():
        told = (
            f"{name} has said nothing for {one.seconds:,.0f} s, usually {one.usual:,.1f} s at most"
        )
        yield Finding(about=name, title=told, run_id=one.run.pk)


def queue(rule: Rule) -> Iterator[Finding]:
    """More than `waiting` tasks wait in one queue."""
    limit = rule.number("waiting", 100)
    for name, depth in depths.now().items():
        if depth > limit and covers(rule.queues, name):
            yield Finding(about=name, title=f"{depth:,} tasks wait in {name}")


def worker(rule: Rule) -> Iterator[Finding]:
    """A worker that did not say goodbye has not been heard of; one of last week is forgotten."""
    gone = TaskWorker.objects.vanished(database_now(), timedelta(days=7))
    for one in gone.order_by("name")[:100]:
        heard = f"{one.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding(about=one.name, title=f"Worker {one.name} is gone", text=f"Heard at {heard}.")


OF_RUN: dict[str, Callable[[Rule, TaskRun], Iterator[Finding]]] = {
    Condition.FAILED: failed,
    Condition.SLOW: slow,
}
OF_TIME: dict[str, Callable[[Rule], Iterator[Finding]]] = {
    Condition.ERROR_RATE: error_rate,
    Condition.SILENT: silent,
    Condition.QUIET: quiet,
    Condition.QUEUE: queue,
    Condition.WORKER: worker,
}
