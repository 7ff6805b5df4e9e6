"""What a Prometheus server asks for: runs, queues, workers, drainers, and what is missing.

WEB.  Read from the database at each scrape, so every web process tells the same, but for
`tasklog_process_streams`.  Labels are bounded: host and queue names, and the names of the busiest
TASKS tasks, all others together as `other`.  Needs the extra `metrics`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import accumulate
from typing import Any

from django.apps import apps
from django.db.models import Max, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.durations import LAST, PER_DECADE, edge_of
from tasklog.health import RECENT_RUNS
from tasklog.live.sse import slots
from tasklog.models import Drainer, TaskAttempt, TaskRun, TaskTally, TaskWorker
from tasklog.states import State
from tasklog.tallies import COLUMNS, EVER

# Task names and queues that are told one by one.
TASKS = 200
QUEUES = 200
OTHER = "other"
# Open runs are counted no further.
OPEN = 10_000
# A queue that nobody has looked at for so long is not told of (seconds).
STALE_SECONDS = 300
# Two buckets a decade, from 10 ms to 28 hours.
_EDGES = tuple(range(PER_DECADE, 8 * PER_DECADE + 1, PER_DECADE // 2))

# Of each drainer of the last day: name, words, field, and what one of its units is in ours.
_DRAINER_GAUGES = (
    ("tasklog_drain_lag_seconds", "Age of the newest line when it was stored", "lag_ms", 0.001),
    ("tasklog_spool_bytes", "Size of the spool", "spool_bytes", 1),
    ("tasklog_spool_waiting_bytes", "Written to the spool, not stored yet", "waiting_bytes", 1),
)
_DRAINER_COUNTERS = (
    ("tasklog_lines_stored", "Lines stored since the drainer began", "lines_stored"),
    ("tasklog_records_damaged", "Records that could not be read", "damaged"),
)


def scrape() -> bytes:
    """The answer in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Now())
    return generate_latest(registry)


class _Now(Collector):
    """Everything, as it is at this moment."""

    def collect(self) -> Iterable[Metric]:
        yield from _tasks()
        yield from _open_runs()
        yield from _queues()
        yield from _incidents()
        yield _viewers()
        yield from _drainers()
        yield from _workers()
        yield from _lines()


def _drainers() -> Iterator[Metric]:
    day_ago = timezone.now() - timedelta(days=1)
    drainers = list(Drainer.objects.filter(seen_at__gte=day_ago).order_by("host"))
    for name, words, field, unit in _DRAINER_GAUGES:
        gauge = GaugeMetricFamily(name, words, labels=["host"])
        for drainer in drainers:
            gauge.add_metric([drainer.host], getattr(drainer, field) * unit)
        yield gauge
    for name, words, field in _DRAINER_COUNTERS:
        counter = CounterMetricFamily(name, words, labels=["host"])
        for drainer in drainers:
            counter.add_metric([drainer.host], getattr(drainer, field))
        yield counter


def _workers() -> Iterator[Metric]:
    limit = timezone.now() - timedelta(seconds=DEAD_AFTER_SECONDS)
    alive = TaskWorker.objects.filter(stopped_at=None, seen_at__gte=limit).count()
    yield GaugeMetricFamily("tasklog_workers", "Workers with a fresh heartbeat", value=alive)


def _lines() -> Iterator[Metric]:
    short, missing = TaskAttempt.objects.recent(RECENT_RUNS).missing_lines()
    newest = TaskRun.objects.order_by("-created_at", "-task_id")[:RECENT_RUNS]
    dropped = newest.aggregate(n=Sum("dropped_count"))["n"] or 0
    among = f"of the newest {RECENT_RUNS:,}"
    for name, words, value in (
        ("tasklog_attempts_short", f"Attempts {among} with fewer lines than emitted", short),
        ("tasklog_lines_missing", f"Lines those attempts lack, {among}", missing),
        ("tasklog_lines_dropped", f"Lines dropped and counted, in runs {among}", dropped),
    ):
        yield GaugeMetricFamily(name, words, value=value)


def _tasks() -> Iterator[Metric]:
    """Runs that ended and how long they took, since counting began: what retention deletes stays.

    The busiest tasks are chosen anew each time; where one changes its place with `other`,
    Prometheus sees a counter that began anew.
    """
    runs = CounterMetricFamily("tasklog_runs", "Runs that ended", labels=["task", "state"])
    retries = CounterMetricFamily("tasklog_retries", "Retries of runs that ended", labels=["task"])
    took = HistogramMetricFamily(
        "tasklog_run_duration_seconds", "From start to end", labels=["task"]
    )
    for name, numbers, buckets in _by_task():
        for state, column in COLUMNS.items():
            runs.add_metric([name, str(state)], numbers[column])
        retries.add_metric([name], numbers["retries"])
        took.add_metric([name], _cumulated(buckets), numbers["seconds"])
    yield from (runs, retries, took)


def _by_task() -> list[tuple[str, Counter[str], Counter[int]]]:
    columns = (*COLUMNS.values(), "retries", "seconds")
    rows = [
        (name, Counter(dict(zip(columns, numbers, strict=True))), buckets)
        for name, buckets, *numbers in TaskTally.objects.filter(span=EVER).values_list(
            "name", "buckets", *columns
        )
    ]
    rows.sort(key=lambda row: (-sum(row[1][column] for column in COLUMNS.values()), row[0]))
    told = [(name, numbers, _places(buckets)) for name, numbers, buckets in rows[:TASKS]]
    if len(rows) > TASKS:
        rest: tuple[str, Counter[str], Counter[int]] = (OTHER, Counter(), Counter())
        for _, numbers, buckets in rows[TASKS:]:
            rest[1].update(numbers)
            rest[2].update(_places(buckets))
        told.append(rest)
    return told


def _places(buckets: dict[str, int]) -> Counter[int]:
    return Counter({int(place): count for place, count in buckets.items()})


def _cumulated(buckets: Counter[int]) -> list[tuple[str, float]]:
    below = list(accumulate(buckets[place] for place in range(LAST + 1)))
    told = [(f"{edge_of(edge):.4g}", float(below[edge])) for edge in _EDGES]
    return [*told, ("+Inf", float(below[-1]))]


def _open_runs() -> Iterator[Metric]:
    gauge = GaugeMetricFamily(
        "tasklog_runs_open", f"Runs that have not ended, counted to {OPEN:,}", labels=["state"]
    )
    for state in (State.PENDING, State.STARTED, State.RETRY):
        count = TaskRun.objects.filter(state=state).order_by()[:OPEN].count()
        gauge.add_metric([str(state)], count)
    yield gauge


def _queues() -> Iterator[Metric]:
    """By the newest samples of `tasklog.control`, where it is installed."""
    model = _model("tasklog_control", "QueueSample")
    if model is None:
        return
    from tasklog.control.models import SECONDS  # type: ignore[import-not-found,unused-ignore]

    gauge = GaugeMetricFamily("tasklog_queue_depth", "Messages that wait", labels=["queue"])
    fresh = int(timezone.now().timestamp() - STALE_SECONDS) // SECONDS
    newest = model.objects.filter(slot__gte=fresh).order_by()
    latest = dict(newest.values_list("queue").annotate(n=Max("slot")).order_by("queue")[:QUEUES])
    depths = newest.filter(slot__in=set(latest.values())).values_list("queue", "slot", "depth")
    for queue, slot, depth in depths.order_by("queue"):
        if latest.get(queue) == slot:
            gauge.add_metric([queue], depth)
    yield gauge


def _incidents() -> Iterator[Metric]:
    """Open ones, where `tasklog.alerts` keeps them."""
    model = _model("tasklog_alerts", "Incident")
    if model is None or "resolved_at" not in {field.name for field in model._meta.get_fields()}:
        return
    count = model.objects.filter(resolved_at=None).count()
    yield GaugeMetricFamily("tasklog_incidents_open", "Incidents that are open", value=count)


def _model(app: str, name: str) -> Any:
    """A model of a room that may not be installed, or may have no such model."""
    try:
        return apps.get_model(app, name)
    except LookupError:
        return None


def _viewers() -> Metric:
    words = "Live streams open in the web process that answers this scrape"
    return GaugeMetricFamily("tasklog_process_streams", words, value=slots.open.total())
