"""The runs of one workflow.  WEB.

Celery passes the root on only from a task to what it starts: the members of a group or of a
chord's header that nobody but a caller outside sent are each their own root, with no parent, and
share no more than the group's id.  So a workflow is what hangs together: the runs of a root, and
the runs of a group, until nobody new is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q

from tasklog.models import TaskRun
from tasklog.querysets import WHY

# A workflow is shown up to so many runs, the first ones.
MOST = 5_000
# Long texts that no row shows.
_HEAVY = ("result", "traceback", "exception", "args", "kwargs", "counts", "loggers")


@dataclass(frozen=True)
class Workflow:
    """What one reader may see of it, in the order the runs were asked for."""

    runs: list[TaskRun]
    # Runs of it that this reader may not see.
    hidden: int = 0
    # There are more than MOST.
    cut: bool = False

    @cached_property
    def by_id(self) -> dict[str, TaskRun]:
        return {run.task_id: run for run in self.runs}

    @cached_property
    def root(self) -> TaskRun:
        """The first run that none of the others started."""
        return next((run for run in self.runs if run.parent_id not in self.by_id), self.runs[0])

    @property
    def key(self) -> str:
        """The id in its address; that of any other of its runs leads there as well."""
        return self.root.task_id

    def __len__(self) -> int:
        return len(self.runs)


def workflow_of(known: str, user: Any) -> Workflow | None:
    """The workflow of a run, a root or a group.  None where this reader may not see that run, or
    nothing of it.
    """
    if "\0" in known:  # PostgreSQL knows no text with one
        return None
    members = connected([known])
    workflow = next(iter(read([members.keys()], user)), None)
    if workflow is None or (known in members and known not in workflow.by_id):
        return None
    return workflow


def read(clusters: Sequence[Collection[str]], user: Any) -> list[Workflow]:
    """The workflows of these sets of ids, as far as this reader may see them."""
    ids = [task_id for ids in clusters for task_id in ids]
    visible = TaskRun.objects.filter(pk__in=ids).visible_to(user).defer(*_HEAVY).annotate(why=WHY)
    found = {run.task_id: run for run in visible}
    workflows = []
    for cluster in clusters:
        runs = [found[task_id] for task_id in cluster if task_id in found]
        if runs:
            runs.sort(key=lambda run: (run.created_at, run.task_id))
            workflows.append(Workflow(runs, len(cluster) - len(runs), len(cluster) >= MOST))
    return workflows


def belongs(run: TaskRun) -> bool:
    """Whether there is, or may be, more to its workflow than itself."""
    if run.group_id or run.parent_id or run.root_id not in ("", run.task_id):
        return True
    return bool(TaskRun.objects.filter(root_id=run.task_id).exclude(pk=run.pk).exists())


def connected(known: Iterable[str], most: int = MOST) -> dict[str, tuple[str, str]]:
    """Root and group by task id of all who hang together with these runs, roots or groups.

    Walks the indexes of roots and groups, a query for each step away; about `most` runs at most.
    """
    found: dict[str, tuple[str, str]] = {}
    asked_roots: set[str] = set()
    asked_groups: set[str] = set()
    roots, groups = set(known), set(known)
    while (roots or groups) and len(found) < most:
        found |= _ask(roots, groups, most)
        asked_roots |= roots
        asked_groups |= groups
        roots = {root for root, _ in found.values()} - asked_roots
        groups = {group for _, group in found.values() if group} - asked_groups
    return found


def _ask(roots: set[str], groups: set[str], most: int) -> dict[str, tuple[str, str]]:
    wanted = Q()
    if roots:
        wanted |= Q(root_id__in=roots) | Q(pk__in=roots)
    if groups:
        wanted |= Q(group_id__in=groups)
    rows = TaskRun.objects.filter(wanted).order_by("created_at", "task_id")
    found = rows.values_list("task_id", "root_id", "group_id")[:most]
    return {task_id: (root or task_id, group) for task_id, root, group in found}


def clusters(members: Mapping[str, tuple[str, str]]) -> list[set[str]]:
    """These runs, those that share a root or a group together; in the order of the first."""
    holders: dict[tuple[str, str], set[str]] = {}
    for task_id, (root, group) in members.items():
        keys = [("root", root), *([("group", group)] if group else [])]
        together = {task_id}.union(*(holders[key] for key in keys if key in holders))
        for one in together:
            root_of, group_of = members[one]
            holders["root", root_of] = together
            if group_of:
                holders["group", group_of] = together
    distinct = {id(cluster): cluster for cluster in holders.values()}
    return list(distinct.values())
