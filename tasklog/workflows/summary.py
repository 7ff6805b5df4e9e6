"""A workflow in a line: its state, how far it is, what failed.  WEB."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone

from tasklog.models import TaskRun
from tasklog.states import BAD, Cause, State
from tasklog.workflows.coming import Coming, coming, gone_on, mended

WORDS = {
    State.PENDING: "Waiting",
    State.STARTED: "Running",
    State.SUCCESS: "Ended well",
    State.FAILURE: "Ended with failures",
}
MENDED = "Ended well after a retry"


@dataclass(frozen=True)
class Summary:
    """Over the runs that a reader may see."""

    runs: Sequence[TaskRun]

    @cached_property
    def states(self) -> Counter[str]:
        """Without what never ran."""
        return Counter(run.state for run in self.runs if run.cause != Cause.NOT_REACHED)

    @cached_property
    def finished(self) -> int:
        return sum(run.finished for run in self.runs)

    @cached_property
    def failed(self) -> list[TaskRun]:
        """Without those that a retry has made good, and what never ran."""
        bad = [run for run in self.runs if run.state in BAD and run.cause != Cause.NOT_REACHED]
        return [run for run in bad if run.task_id not in self.mended]

    @cached_property
    def mended(self) -> set[str]:
        """Ids of runs that ended badly and that a retry has made good."""
        return mended(self.runs)

    @cached_property
    def coming(self) -> list[Coming]:
        """Steps that have no run: to come, or never."""
        return coming(self.runs)

    @cached_property
    def unreached(self) -> int:
        """How many steps will not run because an earlier one failed."""
        announced = [run for run in self.runs if run.cause == Cause.NOT_REACHED]
        kept = gone_on(self.runs) if announced else set()
        marked = sum(run.parent_id not in kept for run in announced)
        return marked + sum(step.count for step in self.coming if step.never)

    @property
    def to_come(self) -> int:
        """How many steps will be sent when those before them succeed."""
        return sum(step.count for step in self.coming if not step.never)

    @property
    def retries(self) -> int:
        return 0

    @property
    def state(self) -> str:
        """Waiting until the first begins, running until the last known has ended."""
        if self.finished < len(self.runs):
            return State.STARTED if any(run.started_at for run in self.runs) else State.PENDING
        return State.FAILURE if self.failed or self.unreached else State.SUCCESS

    @property
    def state_label(self) -> str:
        if self.state == State.SUCCESS and self.mended:
            return MENDED
        return WORDS[State(self.state)]

    @property
    def over(self) -> bool:
        """Every run that is known has ended; a chain's next one is known before that."""
        return self.finished == len(self.runs)

    @property
    def progress(self) -> float:
        """Per cent of the known runs that have ended."""
        return 100 * self.finished / len(self.runs)

    @cached_property
    def began(self) -> datetime:
        return min(run.queued_at or run.created_at for run in self.runs)

    @cached_property
    def ended(self) -> datetime | None:
        if not self.over:
            return None
        return max((run.finished_at for run in self.runs if run.finished_at), default=None)

    @property
    def duration(self) -> timedelta:
        """From the first being asked for to the last's end, or to now."""
        return max((self.ended or timezone.now()) - self.began, timedelta(0))

    @cached_property
    def lines(self) -> int:
        return sum(run.line_count for run in self.runs)


def branch_names(runs: Sequence[TaskRun]) -> dict[str, str]:
    """`price`, or `price #3` where several runs of the workflow have that name, by task id."""
    namesakes: dict[str, list[TaskRun]] = defaultdict(list)
    for run in runs:
        namesakes[run.name].append(run)
    return {
        run.task_id: f"{short(name)} #{place}" if len(same) > 1 else short(name)
        for name, same in namesakes.items()
        for place, run in enumerate(same, 1)
    }


def short(name: str) -> str:
    """The last part of a task's dotted name."""
    return name.rpartition(".")[2] or "task"
