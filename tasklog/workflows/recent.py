"""The newest workflows, at a price that does not grow with the table.  WEB.

The newest runs are looked through in their order, at most `REACH` of them; those that have a
parent, a group, or somebody else as their root belong to a workflow of several runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q

from tasklog.models import TaskRun
from tasklog.workflows.members import MOST, Workflow, clusters, connected, read

REACH = 5_000
PAGE = 25
# Runs of all workflows of one page together.
PAGE_RUNS = 4 * MOST
_SEVERAL = ~Q(parent_id="") | ~Q(group_id="") | (~Q(root_id="") & ~Q(root_id=F("task_id")))


@dataclass(frozen=True)
class Recent:
    """Workflows, the one with the newest run first; `older` is where to go on (None: nowhere)."""

    workflows: list[Workflow]
    older: datetime | None = None
    # Not found so many, but looked through so many runs.
    searched: int = 0


def recent_workflows(user: Any, before: datetime | None = None) -> Recent:
    """Those whose newest run was asked for before that moment; without one, the newest."""
    runs = TaskRun.objects.all()
    if before is not None:
        runs = runs.filter(created_at__lt=before)
    edge = _edge(runs)
    if edge is not None:
        runs = runs.filter(created_at__gte=edge)
    seeds, last = _seeds(runs.filter(_SEVERAL).visible_to(user))
    found = clusters(connected(seeds, PAGE_RUNS)) if seeds else []
    workflows = [one for one in read(found, user) if _on_this_page(one, before)]
    workflows.sort(key=_newest, reverse=True)
    return Recent(workflows, last or edge, REACH if edge and not last else 0)


def _edge(runs: Any) -> datetime | None:
    """When the last run that is looked at was created."""
    found = runs.order_by("-created_at").values_list("created_at", flat=True)
    return next(iter(found[REACH : REACH + 1]), None)


def _seeds(several: Any) -> tuple[set[str], datetime | None]:
    """Roots and groups of the newest workflows, and the moment before which the others lie."""
    rows = several.order_by("-created_at", "-task_id")
    known: set[tuple[str, str]] = set()
    count, last = 0, None
    for task_id, root, group, created in rows.values_list(
        "task_id", "root_id", "group_id", "created_at"
    ):
        names = {("root", root or task_id), ("group", group)} - {("group", "")}
        if not names & known:
            if count == PAGE:
                last = created + timedelta(microseconds=1)
                break
            count += 1
        known |= names
    return {name for _, name in known}, last


def _on_this_page(workflow: Workflow, before: datetime | None) -> bool:
    several = len(workflow) + workflow.hidden > 1
    return several and (before is None or _newest(workflow) < before)


def _newest(workflow: Workflow) -> datetime:
    found: datetime = workflow.runs[-1].created_at
    return found
