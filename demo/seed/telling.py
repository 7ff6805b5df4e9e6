"""Tells one run: its attempts, their lines, how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

from demo.seed import rhythm
from demo.seed.job import Fault, Job
from demo.seed.office import CATALOGUE, PRICES
from demo.seed.words import Said, gaps, lines_of, said
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun
from tasklog.signature import sign
from tasklog.states import State

# All seeded runs begin so, and by it they are found again.
MARK = "5eed5eed-"
WORKERS = ("shop@web-1", "shop@web-2", "bulk@jobs-1")
PEOPLE = ("ada", "oskar")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# One night's catalogue writes so many lines.
LONG = 20_000


@dataclass
class Told:
    """A run with all that belongs to it; attempts have no keys yet."""

    run: TaskRun
    attempts: list[TaskAttempt] = field(default_factory=list)
    # The lines of each attempt.
    lines: list[list[TaskLogLine]] = field(default_factory=list)


class Teller:
    """Tells the runs of one job; `end` is the end of the history."""

    def __init__(self, job: Job, end: datetime) -> None:
        self.job, self.end = job, end
        self.random = Random(f"shop:{job.name}")  # noqa: S311 - nothing is kept secret by it
        self.moments: list[datetime] = []

    def runs(self, begin: datetime) -> list[Told]:
        self.moments = rhythm.moments(self.job, begin, self.end, self.random)
        return [self.tell(at) for at in self.moments]

    def tell(self, at: datetime, **values: str) -> Told:
        """One run that was asked for at this moment; `values` are its place in a workflow."""
        kept = {name: value for name, value in gaps(self.random).items() if name in _KEPT}
        told = Told(self._run(at, kept, **values))
        fault, tries = self._fate(at)
        start = at + SECOND * self.random.expovariate(1.4)
        for number in range(1, tries + 1):
            last = number == tries
            failing = fault if fault or last else self.random.choice(self.job.faults)
            start = self._attempt(told, number, start, kept, failing, last=last)
        _count(told)
        return told

    def _fate(self, at: datetime) -> tuple[Fault | None, int]:
        """How it fails, if it does, and in how many attempts."""
        storm = rhythm.storm_of(self.job, at, self.end)
        fails = self.random.random() < (storm.failing if storm else self.job.failing)
        fault = self.random.choice(self.job.faults) if fails and self.job.faults else None
        again = self.job.faults and self.random.random() < (0.5 if storm else self.job.retrying)
        return fault, self.random.randint(2, 4) if again and not (fault and fault.reason) else 1

    def _run(self, at: datetime, kept: dict[str, object], **values: str) -> TaskRun:
        task_id = MARK + str(UUID(int=self.random.getrandbits(128), version=4))[9:]
        by_hand = not self.job.schedule and not values and self.random.random() < 0.04
        facts = {
            "name": self.job.name, "queue": self.job.queue, "args": "[]", "root_id": task_id,
            "kwargs": self.job.kwargs.format(**(gaps(self.random) | kept)),
            "schedule": self.job.schedule, "created_at": at, "queued_at": at,
            "triggered_by": self.random.choice(PEOPLE) if by_hand else "",
        }  # fmt: skip
        return TaskRun(task_id=task_id, **(facts | values))

    def _attempt(
        self, told: Told, number: int, start: datetime, kept: dict[str, object],
        fault: Fault | None, *, last: bool,
    ) -> datetime:  # fmt: skip
        """Adds an attempt and its lines; returns when the next one begins."""
        words = self._words(start, kept, fault)
        end = start + SECOND * self._seconds(start, fault)
        text = fault.said.format(**(gaps(self.random) | kept)) if fault else ""
        if fault and fault.frames:
            words.append(said(f"E {self.job.name} failed: {text}", self.job.script.logger))
        worker = WORKERS[2] if self.job.queue == "low-priority" else self.random.choice(WORKERS[:2])
        attempt = TaskAttempt(
            task_id=told.run.pk, number=number, worker=worker, pid=self.random.randint(200, 260),
            uuid=UUID(int=self.random.getrandbits(128), version=4), started_at=start,
            finished_at=end, emitted=len(words), stored=len(words), exception=text,
            lag_p50_ms=self.random.uniform(40, 90), lag_p95_ms=self.random.uniform(100, 260),
            capture_us=len(words) * self.random.randint(14, 30),
        )  # fmt: skip
        _outcome(told.run, attempt, fault, last=last, text=text)
        told.attempts.append(attempt)
        told.lines.append(self._lines(told, words, start, end))
        if last:
            told.run.result = "" if fault else self.job.result.format(**gaps(self.random))
            told.run.started_at, told.run.finished_at, told.run.worker = start, end, worker
            told.run.retries = number - 1
        wait: timedelta = SECOND * 10 * 2**number * self.random.uniform(0.6, 1.4)
        return end + wait

    def _words(self, at: datetime, kept: dict[str, object], fault: Fault | None) -> list[Said]:
        script, recent = self.job.script, at > self.end - DAY
        repeats = self.random.randint(script.least, script.most)
        if self.job is CATALOGUE and at.date() == self._newest():
            repeats = LONG // len(script.body)
        words = lines_of(script, self.random, kept, repeats=repeats, recent=recent)
        return words[: max(2, len(words) * 2 // 3)] if fault else words

    def _newest(self) -> object:
        """The day of the newest run."""
        return self.moments[-1].date() if self.moments else None

    def _seconds(self, at: datetime, fault: Fault | None) -> float:
        median = self.job.seconds
        if self.job is PRICES and at > self.end - DAY:
            median *= 2.3  # the supplier's feed has grown
        if fault and fault.state == State.TIMEOUT:
            return 900.2
        took = median * self.random.lognormvariate(0, self.job.spread)
        return took * self.random.uniform(0.2, 0.9) if fault else took

    def _lines(
        self, told: Told, words: list[Said], start: datetime, end: datetime
    ) -> list[TaskLogLine]:
        first = sum(map(len, told.lines)) + 1
        step = (end - start) / (len(words) + 1)
        return [
            TaskLogLine(
                task_id=told.run.pk, number=first + place, seq=place + 1, stream=word.stream,
                timestamp=start + step * (place + self.random.random()), level=word.level,
                logger=word.logger, message=word.message,
            )
            for place, word in enumerate(words)
        ]  # fmt: skip


_KEPT = ("order", "amount", "item")


def _outcome(
    run: TaskRun, attempt: TaskAttempt, fault: Fault | None, *, last: bool, text: str
) -> None:
    """How the attempt ended, and with the last one its run."""
    if fault is None:
        attempt.outcome = State.SUCCESS
    elif not last:
        attempt.outcome = State.RETRY
    else:
        attempt.outcome, attempt.cause, attempt.reason = fault.state, fault.cause, fault.reason
        run.exception, run.traceback = text, fault.traceback(text)
        run.cause, run.reason = fault.cause, fault.reason
        run.signature = sign(text, run.traceback, fault.reason, fault.cause).key
    if last:
        run.state = attempt.outcome


def _count(told: Told) -> None:
    lines = [line for part in told.lines for line in part]
    run = told.run
    run.line_count = len(lines)
    run.warning_count = sum(30 <= line.level < 40 for line in lines)
    run.error_count = sum(line.level >= 40 for line in lines)
    run.counts = dict(Counter(line.stream for line in lines))
    run.loggers = dict(Counter(line.logger for line in lines if line.logger))
    moments = sorted(line.timestamp for line in told.lines[-1])
    if run.started_at and run.finished_at and moments:
        run.spoke_at = moments[-1]
        spans = pairwise([run.started_at, *moments, run.finished_at])
        run.longest_silence = max((later - earlier).total_seconds() for earlier, later in spans)
