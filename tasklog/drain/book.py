"""The runs and attempts one transaction touches: locked, changed in memory, written back once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasklog.drain import chains, receipt, silences
from tasklog.drain.rows import insert_rows, select_rows, update_rows
from tasklog.line import SYSTEM, Line
from tasklog.models import RunPayload, TaskAttempt, TaskRun
from tasklog.spool.record import LineRecord

# Long texts of a run are written, never read, by the drainer.
_HEAVY = ("args", "kwargs", "result", "traceback")
# The origin of lines the drainer adds; forks inside an attempt count 0, 1, 2 …
ORIGIN = -1
# Of so many loggers a run keeps the count: names can be made up in a loop.
LOGGERS = 50


@dataclass(slots=True)
class Segment:
    """Consecutive lines of one attempt, numbered from `first`."""

    task_id: str
    attempt: TaskAttempt | None
    first: int
    records: list[LineRecord]

    def lines(self) -> Iterator[Line]:
        """The segment as the other rooms read it."""
        number = self.attempt.number if self.attempt else 0
        for index, line in enumerate(self.records, self.first):
            yield Line(
                index, line.at, line.stream, line.level, line.logger, line.message,
                number, line.origin, line.seq,
            )  # fmt: skip


@dataclass(slots=True)
class News:
    """Something to tell once the transaction is committed."""

    kind: str
    task_id: str
    data: dict[str, Any]


class Book:
    """The working set of one transaction.  Make it inside `atomic()`: it locks the runs."""

    def __init__(self, task_ids: Collection[str], now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.segments: list[Segment] = []
        self.news: list[News] = []
        self.died: list[TaskAttempt] = []
        self.sealed: dict[str, str] = {}  # encrypted arguments, by run
        self.sealed_envelopes: dict[str, str] = {}  # callbacks and so on, encrypted, by run
        self.unreached: dict[str, TaskRun] = {}  # what will not run, and what failed before it
        self.reached: list[str] = []  # what may run after all
        self.new: set[str] = set()
        self._changed: dict[int, tuple[Any, set[str]]] = {}  # unsaved rows have no hash
        self.runs = self._load_runs(sorted(task_ids))
        self.attempts: dict[str, dict[str, TaskAttempt]] = {task_id: {} for task_id in self.runs}
        for attempt in select_rows(TaskAttempt, "task_id", list(self.runs)):
            self.attempts[attempt.task_id][attempt.uuid.hex] = attempt

    def _load_runs(self, task_ids: list[str]) -> dict[str, TaskRun]:
        """Locks in the order of the ids, so that two drainers cannot wait for each other."""
        runs = self._lock(task_ids)
        missing = [task_id for task_id in task_ids if task_id not in runs]
        if missing:
            runs |= self._add_runs(missing)
        return runs

    def _add_runs(self, missing: list[str]) -> dict[str, TaskRun]:
        fresh = {task_id: TaskRun(task_id=task_id, created_at=self.now) for task_id in missing}
        self.new.update(missing)
        if insert_rows(TaskRun, list(fresh.values()), unless_there=True) == len(missing):
            return fresh
        return self._lock(missing)  # another host's drainer was faster with one of them

    def _lock(self, task_ids: list[str]) -> dict[str, TaskRun]:
        rows = select_rows(TaskRun, "task_id", task_ids, lock=True, without=_HEAVY)
        return {run.task_id: run for run in rows}

    def change(self, row: TaskRun | TaskAttempt, **values: Any) -> None:
        """Sets the values and remembers to write them."""
        for name, value in values.items():
            setattr(row, name, value)
        self._changed.setdefault(id(row), (row, set()))[1].update(values)

    def add_attempt(self, task_id: str, hexed: str, **values: Any) -> TaskAttempt:
        """A new attempt of this run, with the next number."""
        siblings = self.attempts[task_id]
        number = max((a.number for a in siblings.values()), default=0) + 1
        attempt = TaskAttempt(uuid=uuid.UUID(hexed), task_id=task_id, number=number, **values)
        siblings[hexed] = attempt
        return attempt

    def newest(self, task_id: str) -> TaskAttempt | None:
        """The attempt the run follows: the one that started last."""
        attempts = self.attempts[task_id].values()
        return max(attempts, key=lambda a: (a.started_at, a.number), default=None)

    def append(self, task_id: str, attempt: TaskAttempt | None, records: list[LineRecord]) -> None:
        """Numbers these lines and counts them on run and attempt."""
        run = self.runs[task_id]
        self.segments.append(Segment(task_id, attempt, run.line_count + 1, records))
        notable = [record.level for record in records if record.level >= 30]
        errors = sum(level >= 40 for level in notable)
        counts = Counter(run.counts) + Counter([record.stream for record in records])
        self.change(run, line_count=run.line_count + len(records), counts=dict(counts))
        silences.note_lines(self, run, records)
        if notable:
            self.change(
                run,
                warning_count=run.warning_count + len(notable) - errors,
                error_count=run.error_count + errors,
            )
        if loggers := Counter([record.logger for record in records if record.logger]):
            self.change(run, loggers=_added(run.loggers, loggers))
        if attempt is not None:
            # The receipt is the task's own process's: a fork of it tells nobody what it emitted,
            # and its lines must not stand in for others that are missing.
            own = [record.origin for record in records].count(0)
            self.change(attempt, stored=attempt.stored + own)
            receipt.note(attempt.uuid.hex, records, self.now)

    def remark(self, task_id: str, attempt: TaskAttempt | None, level: int, text: str) -> None:
        """A line of the drainer's own: it has a number, but no receipt counts it."""
        run = self.runs[task_id]
        number = run.line_count + 1
        at = int(self.now.timestamp() * 1_000_000)
        hexed = attempt.uuid.hex if attempt else ""
        line = LineRecord(task_id, hexed, ORIGIN, number, at, SYSTEM, level, "", text)
        self.append(task_id, None, [line])
        self.segments[-1].attempt = attempt

    def skip(self, task_id: str, attempt: TaskAttempt | None, count: int) -> None:
        """Leaves a gap of `count` in the numbers: lines that were dropped on their way."""
        run = self.runs[task_id]
        self.change(run, line_count=run.line_count + count, dropped_count=run.dropped_count + count)
        if attempt is not None:
            self.change(attempt, dropped=attempt.dropped + count)

    def tell(self, kind: str, task_id: str, **data: Any) -> None:
        self.news.append(News(kind, task_id, data))

    def save(self) -> None:
        """Writes runs and attempts; afterwards every attempt has its key."""
        known = [(row, names) for row, names in self._changed.values() if row.pk is not None]
        self._add_attempts()
        for model in (TaskRun, TaskAttempt):
            update_rows(model, [(row, names) for row, names in known if type(row) is model])
        # A retry may bring other arguments than the first start: the newest count.
        for column, texts in (("sealed", self.sealed), ("envelope", self.sealed_envelopes)):
            if texts:
                _keep(column, texts)
        if self.unreached or self.reached:
            chains.mark(self.unreached, self.reached, self.now)

    def _add_attempts(self) -> None:
        fresh = [
            attempt
            for siblings in self.attempts.values()
            for attempt in siblings.values()
            if attempt.pk is None
        ]
        insert_rows(TaskAttempt, fresh)
        # Only lines need the key the database gave.
        wanted = {id(segment.attempt) for segment in self.segments}
        with_lines = {attempt.uuid: attempt for attempt in fresh if id(attempt) in wanted}
        if with_lines:
            keys = TaskAttempt.objects.filter(uuid__in=with_lines).values_list("uuid", "pk")
            for uid, key in keys:
                with_lines[uid].pk = key


def _keep(column: str, texts: dict[str, str]) -> None:
    rows = [RunPayload(task_id=task_id, **{column: text}) for task_id, text in texts.items()]
    RunPayload.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["task"], update_fields=[column]
    )


def _added(known: dict[str, int], more: Counter[str]) -> dict[str, int]:
    """Both counts; a name beyond the first `LOGGERS` has none."""
    free = LOGGERS - len(known)
    fresh = [name for name in more if name not in known][: max(0, free)]
    return {name: known.get(name, 0) + more[name] for name in (*known, *fresh)}
