"""Sends a schedule's task now, or says within two seconds that the broker is away.  WEB."""

from __future__ import annotations

import json
from typing import Any

from celery import current_app, uuid
from kombu.exceptions import OperationalError

from tasklog.models import TaskRun

# A connection of its own with short limits: a broker that hangs must not hang the page.
LIMITS = {
    "socket_connect_timeout": 1, "socket_timeout": 1, "retry_on_timeout": False, "max_retries": 0
}  # fmt: skip


class NotSent(Exception):
    """Nothing was started; the sentence says why."""


def send(task: Any, by: str) -> str:
    """Sends it as beat would; the id of its run, which exists when this returns.

    Raises `NotSent`, and then nothing was started.
    """
    task_id = uuid()
    options = _options(task) | {"task_id": task_id}
    connection = current_app.connection_for_write(connect_timeout=1, transport_options=LIMITS)
    try:
        args, kwargs = json.loads(task.args or "[]"), json.loads(task.kwargs or "{}")
        with connection, current_app.amqp.Producer(connection) as producer:
            _apply(task.task, args, kwargs, producer=producer, retry=False, **options)
    except (OperationalError, OSError) as error:
        raise NotSent(
            "Nothing was started: the message broker does not answer. Is it running?"
        ) from error
    except (TypeError, ValueError) as error:
        raise NotSent(f"Nothing was started: {error}") from error
    # The drainer writes this row as well, a moment later: the redirect may be quicker.
    TaskRun.objects.get_or_create(
        task_id=task_id,
        defaults={"name": task.task, "schedule": task.name, "triggered_by": by[:150]},
    )
    TaskRun.objects.filter(pk=task_id, schedule="").update(schedule=task.name)
    return task_id


def known_tasks() -> Any:
    """Those of every installed app: a web process has imported none of them by itself."""
    current_app.loader.import_default_modules()
    return current_app.tasks


def _apply(name: str, args: list[Any], kwargs: dict[str, Any], **options: Any) -> None:
    """A task that this process knows has options of its own; others are sent by their name."""
    known = known_tasks().get(name)
    if known is not None:
        known.apply_async(tuple(args), kwargs, **options)
    else:
        current_app.send_task(name, args, kwargs, **options)


def _options(task: Any) -> dict[str, Any]:
    headers = json.loads(task.headers or "{}") | {"periodic_task_name": task.name}
    given = {
        "queue": task.queue, "exchange": task.exchange, "routing_key": task.routing_key,
        "priority": task.priority, "expires": task.expire_seconds,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None} | {
        "headers": headers
    }
