"""What waits in one queue: names of tasks in the broker, and the runs that are known.  WEB."""

from __future__ import annotations

from typing import Any

from tasklog import memo
from tasklog.control.depths import newest_tasks
from tasklog.control.link import BrokerAway
from tasklog.models import TaskRun
from tasklog.roles import sees_all
from tasklog.states import State

# So many of the oldest are shown, found among so many that wait anywhere.
SHOWN, AMONG = 20, 2000
# The broker is asked for everybody who watches (seconds).
SECONDS = 2


def names_in(user: Any, queue: str) -> list[tuple[str, int]] | None:
    """Task names among its newest messages; None where nobody can look, or this person may not."""
    if not sees_all(user):
        return None
    return memo.keep(("queue names", queue), SECONDS, lambda: _looked_into(queue))


def waiting_in(user: Any, queue: str) -> list[TaskRun]:
    """The oldest runs that wait in it, of those this person may see."""
    visible = TaskRun.objects.visible_to(user)
    waiting = visible.filter(state=State.PENDING).order_by("created_at").values_list("pk", "queue")
    ours = [pk for pk, name in waiting[:AMONG] if name == queue][:SHOWN]
    return list(visible.filter(pk__in=ours).order_by("created_at"))


def _looked_into(queue: str) -> list[tuple[str, int]] | None:
    try:
        return newest_tasks(queue)
    except BrokerAway:
        return None
