"""Steps of a chain, or a chord's callback, that have no run: still to come, or never.  WEB.

A chain's steps are sent one by one, so a step that was never sent has no row.  Who sent the run
before it has said what follows; from that run's state it is known whether it still will.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasklog.envelopes import steps
from tasklog.models import TaskRun
from tasklog.states import BAD, Cause, State


@dataclass(frozen=True)
class Coming:
    """A step without a run; `behind` is the run it waits for, or that failed."""

    task_id: str
    name: str
    behind: TaskRun
    callback: bool = False
    # Steps in the middle of a long chain have no name here.
    count: int = 1

    @property
    def never(self) -> bool:
        """It will not run: an earlier step failed."""
        return self.behind.state in BAD

    @property
    def state(self) -> str:
        return State.REVOKED if self.never else State.PENDING

    @property
    def state_label(self) -> str:
        return str(Cause.NOT_REACHED.label) if self.never else "To come"

    @property
    def why(self) -> str:
        if not self.never:
            return ""
        return f"an earlier step failed: {self.behind.name} {self.behind.short_id}"


def coming(runs: Sequence[TaskRun]) -> list[Coming]:
    """In the order of the chains.  A step is that of the last run that names it."""
    known = {run.task_id for run in runs} | {run.group_id for run in runs if run.group_id}
    replaced = gone_on(runs)
    found: dict[str, Coming] = {}
    for run in runs:
        if run.state != State.SUCCESS and run.task_id not in replaced:
            found |= {step.task_id: step for step in _of(run) if step.task_id not in known}
    return [*found.values(), *_callbacks(runs, known)]


def gone_on(runs: Sequence[TaskRun]) -> set[str]:
    """Runs whose chain a retry has taken along: what comes is said by the retry."""
    return {run.rerun_of for run in runs if run.rerun_of and steps(run, "then")}


def _of(run: TaskRun) -> list[Coming]:
    """A step without an id cannot be told from one that has run."""
    named = [Coming(task_id, name, run) for task_id, name in steps(run, "then") if task_id]
    more = int(run.envelope.get("steps") or 0) - len(named)
    if named and more > 0:
        named.insert(-1, Coming(f"{run.task_id} more", f"{more:,} more steps", run, count=more))
    return named


def _callbacks(runs: Sequence[TaskRun], known: set[str]) -> list[Coming]:
    """What waits for a whole group: one member that failed is enough."""
    waiting: dict[str, Coming] = {}
    for run in runs:
        for task_id, name in steps(run, "chord"):
            before = waiting.get(task_id)
            if run.state == State.SUCCESS or task_id in known or (before and before.never):
                continue
            waiting[task_id] = Coming(task_id, name, run, callback=True)
    return list(waiting.values())


def mended(runs: Sequence[TaskRun]) -> set[str]:
    """Runs that ended badly and that a retry has made good."""
    good = {run.rerun_of for run in runs if run.rerun_of and run.state == State.SUCCESS}
    while more := {run.rerun_of for run in runs if run.task_id in good and run.rerun_of} - good:
        good |= more
    return {run.task_id for run in runs if run.task_id in good and run.state in BAD}
