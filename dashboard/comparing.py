"""What a run's lines amount to, and the run beside the last good one of the same task.  WEB.

Asked for by its tabs alone: they read logs, the first 20,000 lines of each.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps

from tasklog import memo
from tasklog.models import TaskRun
from tasklog.roles import sees_all


def comparison(run: TaskRun, user: Any, *, unusual: bool = False) -> dict[str, Any]:
    """What the tab shows; only runs that this person may see are compared with.

    `unusual`: with the lines themselves of the kinds that set this run apart.
    """
    from tasklog.insights.figures import REACH, SECONDS, compared, unusual_lines
    from tasklog.insights.suspects import patterns_of, suspects

    good, found = compared(run, TaskRun.objects.visible_to(user))
    if good is None or found is None:
        return {"good": None}
    # Patterns tell of everybody's runs.
    known = patterns_of(run, found) if sees_all(user) else None
    context = {"good": good, "difference": found, "reach": REACH, "unusual": unusual}
    if unusual:
        kinds = [*found.only_here, *(one for one in found.changed if one.count > one.other)]
        lines = memo.keep(("unusual", run.pk, good.pk), SECONDS, lambda: unusual_lines(run, kinds))
        return context | {"lines": lines}
    return context | {"suspects": suspects(run, found, known)}


def amount_of(run: TaskRun) -> dict[str, Any] | None:
    """The figures that a worker made, else those of its first lines; None for neither."""
    if not apps.is_installed("tasklog.insights") or not run.line_count:
        return None
    from tasklog.insights.figures import SECONDS, amount
    from tasklog.insights.models import RunFigures

    row = RunFigures.objects.filter(pk=run.pk).first()
    if row and _tells_more(run, row):
        data: dict[str, Any] = row.data
        return data
    return memo.keep(("amount", run.pk), SECONDS, lambda: amount(run))


def _tells_more(run: TaskRun, row: Any) -> bool:
    """Does the row tell of more than the page could?"""
    from tasklog.insights.figures import REACH

    if run.finished_at is None:
        return bool(row.data["looked_at"] > REACH)
    return bool(row.made_at >= run.finished_at)
