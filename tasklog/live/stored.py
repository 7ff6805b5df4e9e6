"""What the database says about a run, asked from the event loop.  WEB.

The asking happens on a few threads of the process's own, which close their connections after
each answer: an open page holds neither a thread nor a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from django.db import Error, close_old_connections

from tasklog.models import TaskAttempt, TaskRun
from tasklog.states import FINISHED

# The database is away or busy; the question is asked again.
AWAY = (Error, OSError)

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="tasklog-live")
_FACTS = ("state", "cause", "reason", "progress", "progress_message", "line_count")


class Facts(NamedTuple):
    """Where a run stands.  `ended`: it is over and its last line is stored."""

    state: str
    cause: str
    reason: str
    progress: float | None
    message: str
    line_count: int
    ended: bool

    @property
    def moved(self) -> tuple[Any, ...]:
        """What a viewer is told of when it changes."""
        return self[:5]

    def told(self) -> dict[str, Any]:
        """As a message says it."""
        return self._asdict()


async def read[Answer](question: Callable[..., Answer], *args: Any, **only: Any) -> Answer:
    """`question(*args, **only)` on a thread of its own."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: _connected(question, *args, **only))


def facts_of(task_id: str) -> Facts | None:
    """None: nobody has heard of this run."""
    row = TaskRun.objects.filter(pk=task_id).values_list(*_FACTS).first()
    if row is None:
        return None
    return Facts._make((*row, row[0] in FINISHED and not _open_attempts(task_id)))


def _open_attempts(task_id: str) -> bool:
    return TaskAttempt.objects.filter(task_id=task_id, finished_at=None).exists()


def _connected[Answer](question: Callable[..., Answer], *args: Any, **only: Any) -> Answer:
    close_old_connections()
    try:
        return question(*args, **only)
    finally:
        close_old_connections()
