"""Counts ended runs into the tallies.  HOST; the command `tasklog_tally` counts them anew.

Call `write` inside the transaction that ends the runs, as its last lock: drainers of several hosts
take the rows in one order and hold them for the moment until commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tasklog.durations import bucket_of
from tasklog.models import TaskRun
from tasklog.signature import Signature, sign
from tasklog.states import BAD, State
from tasklog.tallies import COLUMNS, DAY, EPOCH, EVER, HOUR, TaskFailure, TaskTally

# Hours are kept for the curves of a week, days for those of a year.
KEPT = {HOUR: timedelta(days=8), DAY: timedelta(days=400)}
FAILURES_KEPT = timedelta(days=90)
# A new hour takes so many old rows of each kind out: the tables need no housekeeper.
AT_ONCE = 200
_SUMS = (*COLUMNS.values(), "retries", "lines", "seconds")

TallyKey = tuple[str, str, datetime]
FailureKey = tuple[str, str]


@dataclass(slots=True)
class Sums:
    """What is added to one tally."""

    numbers: Counter[str] = field(default_factory=Counter)
    buckets: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Failures:
    """What is added to one group of failures."""

    signature: Signature
    first_at: datetime
    last_at: datetime
    last_run: str
    count: int = 0


class Count:
    """Runs counted in memory: `add` each, then `write` them all."""

    def __init__(self) -> None:
        self.sums: dict[TallyKey, Sums] = {}
        self.failures: dict[FailureKey, Failures] = {}

    def add(self, run: TaskRun) -> None:
        """Counts a finished run.  One that ended badly tells its exception and traceback."""
        if run.finished_at is None or not run.name:
            return
        end = run.finished_at.astimezone(UTC)
        hour = end.replace(minute=0, second=0, microsecond=0)
        for span, since in ((HOUR, hour), (DAY, hour.replace(hour=0)), (EVER, EPOCH)):
            _add(self.sums.setdefault((run.name, span, since), Sums()), run)
        if run.state in BAD:
            self._add_failure(run, run.finished_at)

    def _add_failure(self, run: TaskRun, at: datetime) -> None:
        signature = sign(run.exception, run.traceback, run.reason, run.cause or run.state)
        key = (run.name, signature.key)
        group = self.failures.setdefault(key, Failures(signature, at, at, run.task_id))
        group.count += 1
        group.first_at = min(group.first_at, at)
        if at >= group.last_at:
            group.last_at, group.last_run = at, run.task_id


def _add(sums: Sums, run: TaskRun) -> None:
    sums.numbers[COLUMNS[State(run.state)]] += 1
    sums.numbers["retries"] += run.retries
    sums.numbers["lines"] += run.line_count
    if run.started_at is not None and (took := run.duration) is not None:
        sums.buckets[bucket_of(took.total_seconds())] += 1
        # A fraction among whole numbers.
        sums.numbers["seconds"] += took.total_seconds()  # type: ignore[assignment]


def write(count: Count) -> None:
    """Adds the counts to the tables."""
    if count.sums:
        _write_tallies(count.sums)
    if count.failures:
        _write_failures(count.failures)


def _write_tallies(sums: dict[TallyKey, Sums]) -> None:
    known = _known_tallies(sums)
    missing = sorted(sums.keys() - known.keys())
    if missing:
        fresh = [TaskTally(name=name, span=span, since=since) for name, span, since in missing]
        TaskTally.objects.bulk_create(fresh, ignore_conflicts=True)
        known = _known_tallies(sums)
        _forget_old()
    for key, row in known.items():
        _raise(row, sums[key])
    TaskTally.objects.bulk_update(known.values(), [*_SUMS, "buckets"], batch_size=200)


def _known_tallies(sums: dict[TallyKey, Sums]) -> dict[TallyKey, TaskTally]:
    """The rows there are, locked in one order."""
    names = {name for name, _, _ in sums}
    since = {since for _, _, since in sums}
    rows = TaskTally.objects.select_for_update().filter(name__in=names, since__in=since)
    found = {(row.name, row.span, row.since): row for row in rows.order_by("name", "span", "since")}
    return {key: row for key, row in found.items() if key in sums}


def _raise(row: TaskTally, sums: Sums) -> None:
    for name in _SUMS:
        setattr(row, name, getattr(row, name) + sums.numbers[name])
    for place, more in sums.buckets.items():
        row.buckets[str(place)] = row.buckets.get(str(place), 0) + more


def _write_failures(failures: dict[FailureKey, Failures]) -> None:
    known = _known_failures(failures)
    missing = sorted(failures.keys() - known.keys())
    if missing:
        fresh = [_failure(name, failures[name, key]) for name, key in missing]
        TaskFailure.objects.bulk_create(fresh, ignore_conflicts=True)
        known = _known_failures(failures)
    for key, row in known.items():
        _follow(row, failures[key])
    TaskFailure.objects.bulk_update(
        known.values(), ["count", "first_at", "last_at", "last_run"], batch_size=200
    )


def _known_failures(failures: dict[FailureKey, Failures]) -> dict[FailureKey, TaskFailure]:
    rows = TaskFailure.objects.select_for_update().filter(
        name__in={name for name, _ in failures}, signature__in={key for _, key in failures}
    )
    found = {(row.name, row.signature): row for row in rows.order_by("name", "signature")}
    return {key: row for key, row in found.items() if key in failures}


def _failure(name: str, group: Failures) -> TaskFailure:
    said = group.signature
    return TaskFailure(
        name=name, signature=said.key, kind=said.kind[:255], place=said.place[:500],
        message=said.message[:300], first_at=group.first_at, last_at=group.last_at,
        last_run=group.last_run,
    )  # fmt: skip


def _follow(row: TaskFailure, group: Failures) -> None:
    row.count += group.count
    row.first_at = min(row.first_at, group.first_at)
    if group.last_at >= row.last_at:
        row.last_at, row.last_run = group.last_at, group.last_run


def _forget_old() -> None:
    now = datetime.now(UTC)
    for span, kept in KEPT.items():
        _delete_some(TaskTally.objects.filter(span=span, since__lt=now - kept))
    _delete_some(TaskFailure.objects.filter(last_at__lt=now - FAILURES_KEPT))


def _delete_some(rows: Any) -> None:
    gone = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    if gone:
        rows.model.objects.filter(pk__in=gone).delete()


def count_all(runs: Iterable[TaskRun]) -> Count:
    """These runs, counted."""
    count = Count()
    for run in runs:
        count.add(run)
    return count
