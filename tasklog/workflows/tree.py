"""How the runs of a workflow hang together, as rows from top to bottom.  WEB.

A run stands below the one that Celery names as its parent.  What Celery does not say is worked
out: the callback of a chord names whichever header task ended last as its parent, so it is put
behind its group, where all of the group was waited for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tasklog.models import TaskRun
from tasklog.workflows.coming import Coming, coming
from tasklog.workflows.summary import Summary

# More siblings of one name are one row that can be opened.
FOLD_ABOVE = 50
# An opened row shows so many at a time.
OPENED = 200
# Of a folded row the failed ones are shown all the same, so many.
FAILED_SHOWN = 5
# Clocks of two hosts are this near to each other.
CLOCKS = timedelta(seconds=1)


@dataclass(frozen=True)
class Bundle:
    """Runs that stand side by side: a group, or many of one name."""

    key: str
    runs: list[TaskRun]
    group: bool

    @property
    def names(self) -> list[str]:
        return sorted({run.name for run in self.runs})

    @property
    def folds(self) -> bool:
        return len(self.runs) > FOLD_ABOVE

    @property
    def summary(self) -> Summary:
        return Summary(self.runs)


@dataclass(frozen=True)
class Row:
    """A line of the tree: a run, a step without one, a bundle, or word of what is left out."""

    depth: int
    run: TaskRun | None = None
    coming: Coming | None = None
    bundle: Bundle | None = None
    callback: bool = False
    opened: bool = False
    more: int = 0
    # Where the next ones of an opened bundle begin.
    following: int = 0


@dataclass
class Tree:
    """Parents as they are drawn; None is the top."""

    runs: Sequence[TaskRun]
    parents: dict[str, str | None] = field(default_factory=dict)
    # The group that a callback waited for, by its id.
    callbacks: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id = {run.task_id: run for run in self.runs}
        self._groups: dict[str, list[TaskRun]] = defaultdict(list)
        for run in self.runs:
            if run.group_id:
                self._groups[run.group_id].append(run)
        self.parents = {run.task_id: self._parent(run) for run in self.runs}
        self._cut_circles()
        for run in self.runs:
            self._place_callback(run)
        self._children: dict[str | None, list[TaskRun]] = defaultdict(list)
        for run in self.runs:
            self._children[self.parents[run.task_id]].append(run)
        for siblings in self._children.values():
            siblings.sort(key=self._stands)
        self._coming: dict[str | None, list[Coming]] = defaultdict(list)
        for step in coming(self.runs):
            self._coming[self._holder(step)].append(step)

    def _holder(self, step: Coming) -> str | None:
        """A step stands below the one before it, a callback behind its group."""
        if not step.callback:
            return step.behind.task_id
        group = self._groups[step.behind.group_id] or [step.behind]
        return self._common(group, "")

    def _parent(self, run: TaskRun) -> str | None:
        """A retry stands below the run that it repeats."""
        if run.rerun_of in self._by_id and run.rerun_of != run.task_id:
            return run.rerun_of
        known = run.parent_id in self._by_id and run.parent_id != run.task_id
        return run.parent_id if known else None

    def _cut_circles(self) -> None:
        """A task that was replaced has the id of the last of those that stand in for it."""
        safe: set[str] = set()
        for run in self.runs:
            path: dict[str, None] = {}
            at: str | None = run.task_id
            while at is not None and at not in safe and at not in path:
                path[at] = None
                at = self.parents[at]
            if at in path:
                circle = [*path][[*path].index(at) :]
                self.parents[min(circle, key=self._asked_at)] = None
            safe |= path.keys()

    def _asked_at(self, task_id: str) -> datetime:
        return self._by_id[task_id].created_at

    def _place_callback(self, run: TaskRun) -> None:
        parent = self._by_id.get(self.parents[run.task_id] or "")
        group_id = parent.group_id if parent else ""
        # What a callback starts is no callback of the group it waited for.
        if (
            parent is None
            or run.rerun_of
            or not group_id
            or self.callbacks.get(parent.task_id) == group_id
        ):
            return
        group = self._header(group_id, run)
        if len(group) > 1 and (run.group_id == group_id or _after_all(run, group)):
            self.callbacks[run.task_id] = group_id
            self.parents[run.task_id] = self._common(group, run.task_id)

    def _header(self, group_id: str, run: TaskRun) -> list[TaskRun]:
        """Those of the group that were sent before this run, without its callbacks."""
        sent = _sent(run)
        return [
            one
            for one in self._groups[group_id]
            if one is not run and _sent(one) <= sent and self.callbacks.get(one.task_id) != group_id
        ]

    def _common(self, group: list[TaskRun], without: str) -> str | None:
        """The nearest run that all of the group stand below."""
        shared: list[str] | None = None
        for run in group:
            above = self._above(run.task_id)
            shared = above if shared is None else [one for one in shared if one in set(above)]
            if not shared:
                return None
        return next((one for one in shared or [] if one != without), None)

    def _above(self, task_id: str) -> list[str]:
        path: list[str] = []
        at = self.parents[task_id]
        while at is not None and at not in path:
            path.append(at)
            at = self.parents[at]
        return path

    def rows(self, opened: str = "", start: int = 0) -> Iterator[Row]:
        """From top to bottom; the bundle with the key `opened` from its run `start` on."""
        stack = [*reversed(self._below(None, 0))]
        while stack:
            row = stack.pop()
            if row.bundle and not row.more:
                is_open = row.bundle.key == opened
                yield replace(row, opened=is_open)
                stack += reversed(_inside(row.bundle, row.depth + 1, start if is_open else None))
                continue
            yield row
            if row.run:
                stack += reversed(self._below(row.run.task_id, row.depth + 1))

    def _stands(self, run: TaskRun) -> datetime:
        """A callback that was asked for beforehand stands where it was sent: behind its group."""
        return max(run.created_at, _sent(run)) if run.task_id in self.callbacks else run.created_at

    def in_order(self) -> Iterator[tuple[TaskRun, int]]:
        """Every run with its depth, those it started right below it."""
        stack = [(run, 0) for run in reversed(self._children[None])]
        while stack:
            run, depth = stack.pop()
            yield run, depth
            stack += [(one, depth + 1) for one in reversed(self._children[run.task_id])]

    def _below(self, task_id: str | None, depth: int) -> list[Row]:
        """The siblings there, groups and many of one name bundled."""
        siblings = self._children[task_id]
        bundles = self._bundles(task_id, siblings)
        rows, done = [], set()
        for run in siblings:
            bundle = bundles.get(run.task_id)
            if bundle is None:
                rows.append(Row(depth, run=run, callback=run.task_id in self.callbacks))
            elif bundle.key not in done:
                done.add(bundle.key)
                rows.append(Row(depth, bundle=bundle))
        return [*rows, *(Row(depth, coming=step) for step in self._coming[task_id])]

    def _bundles(self, holder: str | None, siblings: list[TaskRun]) -> dict[str, Bundle]:
        groups, names = defaultdict(list), defaultdict(list)
        for run in siblings:
            if run.task_id in self.callbacks:
                continue
            if run.group_id:
                groups[run.group_id].append(run)
            else:
                names[run.name].append(run)
        made = [Bundle(key, runs, group=True) for key, runs in groups.items() if len(runs) > 1]
        made += [
            Bundle(f"{holder or ''}:{name}", runs, group=False)
            for name, runs in names.items()
            if len(runs) > FOLD_ABOVE
        ]
        return {run.task_id: bundle for bundle in made for run in bundle.runs}


def _inside(bundle: Bundle, depth: int, start: int | None) -> list[Row]:
    """The runs of a bundle that are drawn: all of a small one, of a folded one the first that
    failed, of an opened one a part.
    """
    runs = bundle.runs
    if not bundle.folds:
        return [Row(depth, run=run) for run in runs]
    if start is None:
        return [Row(depth, run=run) for run in bundle.summary.failed[:FAILED_SHOWN]]
    part = runs[start : start + OPENED]
    rest = len(runs) - start - len(part)
    tail = [Row(depth, bundle=bundle, more=rest, following=start + OPENED)] if rest > 0 else []
    return [*(Row(depth, run=run) for run in part), *tail]


def _sent(run: TaskRun) -> datetime:
    return run.queued_at or run.created_at


def _after_all(run: TaskRun, group: list[TaskRun]) -> bool:
    """It was sent when the last of the group had ended."""
    sent = _sent(run)
    return all(one.finished_at and sent >= one.finished_at - CLOCKS for one in group)
