"""How often a rule would have found something: bounded, and only what one may see.  WEB.

Runs are walked from the newest end back, lines from the newest row; the number that was looked at
is said.  Queues, workers and sources leave other traces: see `traces`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from statistics import quantiles
from typing import Any

from django.db.models import Max

from tasklog import silence
from tasklog.alerts import conditions, traces
from tasklog.alerts.finding import Preview, Sample
from tasklog.alerts.models import Condition, Rule
from tasklog.alerts.patterns import watch
from tasklog.alerts.scope import Origin, is_of, is_ours, named, within
from tasklog.conf import conf
from tasklog.line import Line
from tasklog.models import TaskLogLine, TaskRun
from tasklog.states import State

RUNS, LINES, GAPS, SAMPLES = 2_000, 20_000, 500, 5
SECONDS = 0.8
BATCH = 2_000


def preview(rule: Rule, user: Any) -> Preview:
    """Asks the past.  The rule need not be saved."""
    return _OF[rule.condition](rule, user)


def _ended(user: Any) -> list[TaskRun]:
    """Those that ended last, the newest first."""
    fields = (
        "name", "queue", "source", "state", "reason", "exception", "cause", "started_at",
        "finished_at", "longest_silence",
    )  # fmt: skip
    visible = TaskRun.objects.visible_to(user).filter(finished_at__isnull=False)
    return list(visible.order_by("-finished_at").only("task_id", *fields)[:RUNS])


def _of_runs(runs: list[TaskRun], found: list[Sample]) -> Preview:
    since = runs[-1].finished_at if runs else None
    return Preview(len(found), len(runs), "runs", since, tuple(found[:SAMPLES]))


def _failed(rule: Rule, user: Any) -> Preview:
    runs = _ended(user)
    found = [
        Sample(f"{run.name}: {run.reason or run.exception or run.state_label}"[:200],
               run.finished_at, run.task_id)
        for run in runs
        if run.state in conditions.FAILED and conditions.is_about(rule, run)
    ]  # fmt: skip
    return _of_runs(runs, found)


def _slow(rule: Rule, user: Any) -> Preview:
    """Each run against those that ended before it, as far as they were looked at."""

    def judged(run: TaskRun, known: list[float]) -> str:
        took, usual = _took(run), quantiles(known, n=20, method="inclusive")[-1]
        if took <= max(rule.number("factor", 2) * usual, rule.number("seconds", 1)):
            return ""
        return f"{run.name} took {took:,.1f} s, usually {usual:,.1f} s at most"

    return _beside_earlier(rule, user, _took, conditions.ENOUGH, judged)


def _took(run: TaskRun) -> float:
    return run.duration.total_seconds() if run.duration else 0.0


def _quiet(rule: Rule, user: Any) -> Preview:
    """The longest silence of each good run: those that never spoke again, it cannot show."""
    factor, least = rule.number("factor", silence.FACTOR), rule.number("seconds", 60)

    def judged(run: TaskRun, known: list[float]) -> str:
        usual = quantiles(known, n=20, method="inclusive")[-1]
        if run.longest_silence <= max(factor * usual, usual + least):
            return ""
        quiet = f"{run.name} said nothing for {run.longest_silence:,.0f} s"
        return f"{quiet}, usually {usual:,.1f} s at most"

    return _beside_earlier(rule, user, attrgetter("longest_silence"), silence.ENOUGH, judged)


def _beside_earlier(
    rule: Rule, user: Any, figure: Callable[[TaskRun], float], enough: int,
    judged: Callable[[TaskRun, list[float]], str],
) -> Preview:  # fmt: skip
    """Good runs from the oldest on, each with the figures of those before it of its task."""
    runs, before, found = _ended(user), defaultdict[str, list[float]](list), list[Sample]()
    for run in reversed(runs):
        if run.state != State.SUCCESS or not run.started_at:
            continue
        known = before[run.name][-conditions.BASELINE :]
        told = judged(run, known) if len(known) >= enough and conditions.is_about(rule, run) else ""
        if told:
            found.append(Sample(told, run.finished_at, run.task_id))
        before[run.name].append(figure(run))
    return _of_runs(runs, found[::-1])


def _error_rate(rule: Rule, user: Any) -> Preview:
    """Windows side by side; the rule's own windows slide, so it may find a little more."""
    runs, windows = _ended(user), defaultdict[tuple[int, str], list[TaskRun]](list)
    span = timedelta(minutes=rule.number("minutes", 15)).total_seconds()
    for run in runs:
        if run.finished_at and is_of(rule, run.name):
            windows[int(run.finished_at.timestamp() // span), run.name].append(run)
    found = []
    for (_, name), ended in windows.items():
        bad, total = sum(run.state in conditions.FAILED for run in ended), len(ended)
        if total >= rule.number("runs", 10) and 100 * bad / total >= rule.number("percent", 20):
            told = f"{bad} of {total} runs of {name} failed"
            found.append(Sample(told, ended[0].finished_at))
    return _of_runs(runs, found)


def _silent(rule: Rule, user: Any) -> Preview:
    limit, found, looked = timedelta(minutes=rule.number("minutes", 60)), list[Sample](), 0
    oldest: datetime | None = None
    for name in named(rule):
        runs = TaskRun.objects.visible_to(user).filter(name=name).order_by("-created_at")
        moments = list(runs.values_list("created_at", flat=True)[:GAPS])
        looked += len(moments)
        oldest = min(filter(None, (oldest, *moments[-1:])), default=None)
        for later, earlier in pairwise(moments):
            if later - earlier > limit:
                minutes = (later - earlier).total_seconds() / 60
                found.append(Sample(f"{name} did not run for {minutes:,.0f} minutes", earlier))
    return Preview(len(found), looked, "runs", oldest, tuple(found[:SAMPLES]))


def _pattern(rule: Rule, user: Any) -> Preview:
    """Lines that still are rows, the newest first, for less than a second."""
    asked, names = watch([_numbered(rule)])[0], dict[str, Origin]()
    until, result = time.monotonic() + SECONDS, Preview(0, 0, "lines")
    for rows in _batches(user):
        matched = asked.hits([_line(place, row) for place, row in enumerate(rows)]).get(0, [])
        _learn(names, {rows[line.seq]["task_id"] for line in matched})
        ours = [rows[line.seq] for line in matched]
        ours = [row for row in ours if _fits(rule, names.get(row["task_id"], Origin()))]
        told = tuple(_sample(row) for row in ours[: SAMPLES - len(result.samples)])
        result = replace(
            result, count=result.count + len(ours), looked=result.looked + len(rows),
            since=rows[-1]["timestamp"], samples=result.samples + told,
        )  # fmt: skip
        if time.monotonic() > until:
            break
    return result


def _numbered(rule: Rule) -> Rule:
    return Rule(pk=0, condition=rule.condition, limits=rule.limits)


def _batches(user: Any) -> Iterator[list[dict[str, Any]]]:
    newest: int = TaskLogLine.objects.aggregate(n=Max("pk"))["n"] or 0
    rows = TaskLogLine.objects.order_by("-pk")
    if conf().visibility:
        rows = rows.filter(task__in=TaskRun.objects.visible_to(user).values("pk"))
    columns = ("task_id", "number", "level", "message", "timestamp")
    for upper in range(newest, max(newest - LINES, 0), -BATCH):
        part = rows.filter(pk__lte=upper, pk__gt=max(upper - BATCH, newest - LINES))
        if found := list(part.values(*columns)):
            yield found


def _line(place: int, row: dict[str, Any]) -> Line:
    """As patterns want it; `seq` is its place among the rows."""
    return Line(row["number"], 0, "", row["level"], "", row["message"], 1, 0, place)


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(row["message"][:200], row["timestamp"], row["task_id"], row["number"])


def _learn(names: dict[str, Origin], runs: set[str]) -> None:
    unknown = runs - set(names)
    if unknown:
        rows = TaskRun.objects.filter(pk__in=unknown).values_list("pk", "name", "queue", "source")
        names |= {pk: Origin(*said) for pk, *said in rows}


def _fits(rule: Rule, origin: Origin) -> bool:
    return not is_ours(origin.task) and within(rule, origin)


_OF: dict[str, Callable[[Rule, Any], Preview]] = {
    Condition.FAILED: _failed,
    Condition.SLOW: _slow,
    Condition.ERROR_RATE: _error_rate,
    Condition.SILENT: _silent,
    Condition.QUIET: _quiet,
    Condition.PATTERN: _pattern,
    Condition.QUEUE: traces.queue,
    Condition.WORKER: traces.worker,
    Condition.SOURCE: traces.source,
}
