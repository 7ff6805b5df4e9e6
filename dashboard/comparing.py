"""A run beside the last good one of the same task: which kinds of lines only one of them has.  WEB.

Asked for by its tab alone: it reads both logs, the first 20,000 lines of each.
"""

from __future__ import annotations

from typing import Any

from tasklog.models import TaskRun


def comparison(run: TaskRun, user: Any) -> dict[str, Any]:
    """What the tab shows; only runs that this person may see are compared with."""
    from tasklog.insights.figures import REACH, compared

    good, difference = compared(run, TaskRun.objects.visible_to(user))
    return {"good": good, "difference": difference, "reach": REACH}
