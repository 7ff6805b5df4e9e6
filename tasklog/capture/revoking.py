"""Who asked for a revoke: Celery's message names nobody, so ours carries a word more.  BOTH.

A worker without TaskLog passes the word over; one that learns of a revoke from another worker
does not hear it.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from celery import Celery, current_app

if TYPE_CHECKING:
    from kombu import Connection

# A worker remembers so many; the oldest are forgotten.
REMEMBERED = 10_000
_asked: dict[str, str] = {}


def revoke(
    task_id: str | list[str],
    *,
    by: str,
    terminate: bool = False,
    signal: str = "SIGTERM",
    app: Celery | None = None,
    connection: Connection | None = None,
    wait: float = 0,
    workers: int = 0,
) -> dict[str, Any]:
    """Revokes a task, or several, as `app.control.revoke` does; their logs say who asked.

    `terminate`: where it runs already, its process gets the signal.  `wait`: so many seconds for
    answers, no longer than until so many `workers` have answered; returned by worker.  Raises
    kombu's `OperationalError` while the broker is away.
    """
    told = {"task_id": task_id, "terminate": terminate, "signal": signal, "asked_by": by}
    answers = (app or current_app).control.broadcast(
        "revoke", arguments=told, connection=connection,
        reply=wait > 0, timeout=wait or 1.0, limit=workers or None,
    )  # fmt: skip
    return {name: said for answer in answers or () for name, said in answer.items()}


def asked_by(task_id: str) -> str:
    """Who asked this worker; empty where nobody said."""
    return _asked.get(task_id, "")


def install() -> None:
    """Listens to the worker's own command; called in workers only."""
    from celery.worker.control import Panel  # 20 ms that other processes need not spend

    original = Panel.data["revoke"]
    if hasattr(original, "tasklog"):
        return

    @wraps(original)
    def revoke(state: Any, task_id: Any, *args: Any, asked_by: Any = "", **kwargs: Any) -> Any:
        _remember(task_id, asked_by)
        return original(state, task_id, *args, **kwargs)

    revoke.tasklog = True  # type: ignore[attr-defined]
    Panel.data["revoke"] = revoke


def _remember(task_ids: Any, by: Any) -> None:
    """One id or several, as Celery takes them."""
    if not isinstance(by, str) or not by:
        return
    for task_id in [task_ids] if isinstance(task_ids, str) else task_ids or ():
        _asked[str(task_id)] = by
    while len(_asked) > REMEMBERED:
        del _asked[next(iter(_asked))]
