"""What each task did within a time: runs, success, durations, failures, by the tallies.  WEB.

Where CELERY_TASKLOG_VISIBILITY narrows what people see, tallies over everybody's runs would tell
too much: the same figures are then counted from the newest runs this reader may see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils import timezone

from tasklog import memo, tags
from tasklog.conf import conf
from tasklog.durations import quantile
from tasklog.models import TaskFailure, TaskRun, TaskTally
from tasklog.querysets import WHY
from tasklog.states import BAD, FINISHED
from tasklog.tallies import COLUMNS, DAY, EVER, HOUR
from tasklog.tallying import Count, count_all

SECONDS = 5
# Where a reader sees some of the runs only: counted among so many of theirs.
REACH = 5_000
LAST_FAILURES = 8
# The last failures are looked for among so many of its newest runs.
AMONG = 2_000
_HEAVY = ("args", "kwargs", "result", "traceback", "exception", "reason")
_OF_FAILURE = (
    "signature", "kind", "place", "message", "count", "first_at", "last_at", "last_run",
)  # fmt: skip
_NUMBERS = (*COLUMNS.values(), "retries", "lines")


class Window(NamedTuple):
    """A time to look at, in slots of a tally's span."""

    word: str
    span: str
    slots: int
    slot: timedelta

    @property
    def start(self) -> datetime:
        """The beginning of the first slot; the last one is the running hour or day."""
        now = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        end = now if self.span == HOUR else now.replace(hour=0)
        return end - self.slot * (self.slots - 1)


WINDOWS = {
    window.word: window
    for window in (
        Window("24h", HOUR, 24, timedelta(hours=1)),
        Window("7d", DAY, 7, timedelta(days=1)),
        Window("30d", DAY, 30, timedelta(days=1)),
    )
}


@dataclass(slots=True)
class Task:
    """One task within a window."""

    name: str
    window: Window
    numbers: Counter[str] = field(default_factory=Counter)
    buckets: Counter[int] = field(default_factory=Counter)
    by_slot: dict[int, Counter[int]] = field(default_factory=dict)
    runs_by_slot: Counter[int] = field(default_factory=Counter)
    last_failure: Failure | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        return tags.of(self.name)

    def fits(self, text: str, tag: str) -> bool:
        """Has its name this text in it, in any case, and has it this tag?  Empty ones: any."""
        return text.lower() in self.name.lower() and (not tag or tag.lower() in self.tags)

    @property
    def runs(self) -> int:
        return sum(self.numbers[column] for column in COLUMNS.values())

    @property
    def bad(self) -> int:
        """What ended badly; being revoked is nobody's failure."""
        return self.runs - self.succeeded - self.revoked

    @property
    def success(self) -> float | None:
        """In percent of those that succeeded or failed."""
        judged = self.succeeded + self.bad
        return 100 * self.succeeded / judged if judged else None

    @property
    def p50(self) -> float | None:
        return quantile(self.buckets, 0.5)

    @property
    def p95(self) -> float | None:
        return quantile(self.buckets, 0.95)

    @property
    def succeeded(self) -> int:
        return self.numbers["succeeded"]

    @property
    def revoked(self) -> int:
        return self.numbers["revoked"]

    @property
    def retries(self) -> int:
        return self.numbers["retries"]

    @property
    def lines(self) -> int:
        return self.numbers["lines"]

    @property
    def per_hour(self) -> float:
        hours = (timezone.now() - self.window.start).total_seconds() / 3600
        return self.runs / max(hours, 1)

    @property
    def throughput(self) -> list[float]:
        """Runs in each slot, oldest first."""
        return [float(self.runs_by_slot[slot]) for slot in range(self.window.slots)]

    @property
    def trend(self) -> list[float]:
        """The middle duration of each slot, in seconds; a slot without runs keeps the last."""
        curve, last = [], 0.0
        for slot in range(self.window.slots):
            last = quantile(self.by_slot.get(slot, {}), 0.5) or last
            curve.append(last)
        return curve

    def add(self, since: datetime, numbers: Mapping[str, Any], buckets: Mapping[Any, int]) -> None:
        slot = round((since - self.window.start) / self.window.slot)
        self.numbers.update(numbers)
        self.runs_by_slot[slot] += sum(numbers.get(column, 0) for column in COLUMNS.values())
        counted = {int(place): count for place, count in buckets.items()}
        self.buckets.update(counted)
        self.by_slot.setdefault(slot, Counter()).update(counted)


@dataclass(frozen=True, slots=True)
class Failure:
    """Failures of one kind, of one task."""

    name: str
    signature: str
    kind: str
    place: str
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    last_run: str

    @property
    def query(self) -> str:
        """Its runs in the list of runs: two tasks may fail alike."""
        return urlencode({"task": self.name, "q": f"signature:{self.signature}"})


ORDERS: dict[str, Callable[[Task], Any]] = {
    "name": lambda task: task.name,
    "runs": lambda task: (-task.runs, task.name),
    "failed": lambda task: (-task.bad, task.name),
    "slow": lambda task: (-(task.p95 or 0), task.name),
}


def tasks_within(user: Any, window: Window) -> dict[str, Task]:
    """Every task that ended a run within the window, by name."""
    key = ("tasks", memo.audience(user), window.word)
    return memo.keep(key, SECONDS, lambda: _with_failures(user, _tasks(user, window)))


def task_within(user: Any, name: str, window: Window) -> Task:
    """One task; all its numbers are 0 where nothing of it ended within the window."""
    return _tasks(user, window, name).get(name) or Task(name, window)


def is_known(user: Any, name: str) -> bool:
    """Has this reader ever been able to see a run of it?"""
    if "\0" in name:
        return False
    if TaskRun.objects.visible_to(user).filter(name=name).exists():
        return True
    return not conf().visibility and TaskTally.objects.filter(name=name, span=EVER).exists()


def names_like(user: Any, text: str, most: int) -> list[str]:
    """Names of tasks with this text in them, in small or capital letters."""
    if conf().visibility:
        seen = sorted({name for name, _, _ in _counted(user).sums if text.lower() in name.lower()})
        return seen[:most]
    ever = TaskTally.objects.filter(span=EVER, name__icontains=text).order_by("name")
    return list(ever.values_list("name", flat=True)[:most])


def failures_of(user: Any, name: str, most: int = 50) -> list[Failure]:
    """Its failures by their kind, the newest kind first."""
    if conf().visibility:
        groups = _own_failures(user)
        return sorted(groups.get(name, []), key=lambda one: one.last_at, reverse=True)[:most]
    rows = TaskFailure.objects.filter(name=name).order_by("-last_at")
    return [Failure(name, *values) for values in rows.values_list(*_OF_FAILURE)[:most]]


def last_failures(user: Any, name: str) -> list[TaskRun]:
    """Failures among its newest runs, the newest first; `why` is the beginning of the reason."""
    runs = TaskRun.objects.visible_to(user).filter(name=name).order_by("-created_at", "-task_id")
    newest = list(runs.values_list("pk", "state")[:AMONG])
    bad = [pk for pk, state in newest if state in BAD][:LAST_FAILURES]
    return list(runs.filter(pk__in=bad).defer(*_HEAVY).annotate(why=WHY))


def runs_of_failure(user: Any, name: str, signature: str, most: int) -> list[TaskRun]:
    """The newest runs that failed this way."""
    runs = TaskRun.objects.visible_to(user).filter(name=name, signature=signature)
    return list(runs.order_by("-created_at", "-task_id")[:most])


def _tasks(user: Any, window: Window, name: str = "") -> dict[str, Task]:
    found: dict[str, Task] = {}
    for of, since, numbers, buckets in _rows(user, window, name):
        found.setdefault(of, Task(of, window)).add(since, numbers, buckets)
    return found


def _rows(user: Any, window: Window, name: str) -> Iterable[tuple[str, datetime, Any, Any]]:
    if conf().visibility:
        for (of, span, since), sums in _counted(user).sums.items():
            if span == window.span and since >= window.start and name in ("", of):
                yield of, since, sums.numbers, sums.buckets
        return
    tallies = TaskTally.objects.filter(span=window.span, since__gte=window.start)
    if name:
        tallies = tallies.filter(name=name)
    for of, since, buckets, *numbers in tallies.values_list("name", "since", "buckets", *_NUMBERS):
        yield of, since, dict(zip(_NUMBERS, numbers, strict=True)), buckets


def _counted(user: Any) -> Count:
    """The newest runs of this reader, counted."""

    def count() -> Count:
        runs = TaskRun.objects.visible_to(user).order_by("-created_at", "-task_id")
        plain = runs.defer("args", "kwargs", "result")
        return count_all(run for run in plain[:REACH] if run.state in FINISHED)

    return memo.keep(("counted", memo.audience(user)), SECONDS, count)


def _with_failures(user: Any, tasks: dict[str, Task]) -> dict[str, Task]:
    """Each with its newest failure."""
    if conf().visibility:
        for name, group in _own_failures(user).items():
            if name in tasks:
                tasks[name].last_failure = max(group, key=lambda one: one.last_at)
        return tasks
    rows = TaskFailure.objects.order_by("last_at").values_list("name", *_OF_FAILURE)
    for name, *values in rows.filter(name__in=list(tasks)):
        tasks[name].last_failure = Failure(name, *values)
    return tasks


def _own_failures(user: Any) -> dict[str, list[Failure]]:
    found: dict[str, list[Failure]] = {}
    for (name, key), group in _counted(user).failures.items():
        said = group.signature
        found.setdefault(name, []).append(
            Failure(
                name, key, said.kind, said.place, said.message,
                group.count, group.first_at, group.last_at, group.last_run,
            )
        )  # fmt: skip
    return found
