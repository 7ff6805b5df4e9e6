"""A run beside the last good one of the same task: which kinds of lines only one of them has.  WEB.

Asked for by its tab alone: it reads both logs, the first 20,000 lines of each.
"""

from __future__ import annotations

from typing import Any

from tasklog import memo
from tasklog.models import TaskRun

# A run that has ended does not change; one that goes on is looked at again (seconds).
SECONDS = 30


def comparison(run: TaskRun, user: Any) -> dict[str, Any]:
    """What the tab shows; only runs that this person may see are compared with."""
    from tasklog.insights.figures import REACH, compare, last_good

    good = last_good(run, TaskRun.objects.visible_to(user))
    if good is None:
        return {"good": None}
    key = ("compare", run.pk, good.pk)
    found = memo.keep(key, SECONDS, lambda: compare(run, good))
    return {"good": good, "difference": found, "reach": REACH}
