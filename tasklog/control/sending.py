"""Hands a task to the workers, or says within two seconds that the broker is away.  WEB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from celery import Celery, current_app, uuid
from celery.exceptions import QueueNotFound
from kombu import Connection
from kombu.exceptions import EncodeError, OperationalError

from tasklog.capture import payload
from tasklog.capture.context import ORIGIN
from tasklog.models import RunPayload, TaskRun

# A connection of its own with short limits: a broker that hangs must not hang the page, and a
# pooled connection that died while idle must not fail the first click after a restart.
LIMITS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
    "retry_on_timeout": False,
    "max_retries": 0,
}


class NotSent(Exception):
    """Nothing was started; the text says why, as a sentence."""


class Unfit(NotSent):
    """The task cannot be called with these arguments, or sent to this queue."""


class BrokerAway(NotSent):
    """Nothing was started, because the broker does not answer."""

    def __init__(self, told: str = "Nothing was started") -> None:
        super().__init__(
            f"{told}: the message broker does not answer. Is it running? "
            "The diagnostics page knows more."
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A task to send: with what, where to, when (seconds from now), how urgent."""

    name: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    queue: str = ""
    countdown: float | None = None
    priority: int | None = None
    rerun_of: str = ""
    # More options of `apply_async`: a retry's envelope.
    options: dict[str, Any] = field(default_factory=dict)
    task_id: str = field(default_factory=uuid)


@contextmanager
def short_connection(
    app: Celery | None = None, told: str = "Nothing was started"
) -> Iterator[Connection]:
    """A connection to the broker for one page.  Raises `BrokerAway` for whatever fails in it."""
    app = app or current_app
    connection = app.connection_for_write(connect_timeout=1, transport_options=LIMITS)
    try:
        with connection:
            yield connection
    except (OperationalError, OSError) as error:
        raise BrokerAway(told) from error


def send(call: Call, *, by: str) -> str:
    """Sends it; the id of its run, which exists when this returns and names who asked.

    Raises `NotSent`, and then nothing was sent and no run made.
    """
    with short_connection() as connection, current_app.amqp.Producer(connection) as producer:
        publish(call, producer, by=by)
    note([call], by=by)
    return call.task_id


def publish(call: Call, producer: Any, *, by: str) -> None:
    """One message, with the words the run's page will show of its origin.  Raises `Unfit`."""
    about = {**(ORIGIN.get() or {}), "rerun_of": call.rerun_of}
    about["user"] = about.get("user") or by
    token = ORIGIN.set(about)
    try:
        _apply(call, producer)
    except (TypeError, QueueNotFound, EncodeError) as error:
        raise Unfit(f"Nothing was started: {error}.") from error
    finally:
        ORIGIN.reset(token)


def _apply(call: Call, producer: Any) -> None:
    options = {
        "task_id": call.task_id, "countdown": call.countdown, "priority": call.priority,
        **({} if "exchange" in call.options else _route(call.queue)),
    }  # fmt: skip
    given = call.options | {name: value for name, value in options.items() if value is not None}
    # A task that this process knows has options of its own: serializer, priority, time limits.
    task = current_app.tasks.get(call.name)
    if task is not None:
        task.apply_async(tuple(call.args), call.kwargs, producer=producer, retry=False, **given)
    else:
        current_app.send_task(
            call.name, call.args, call.kwargs, producer=producer, retry=False, **given
        )


def _route(queue: str) -> dict[str, Any]:
    """A run knows its routing key; with a direct exchange that is the name of the queue."""
    if not queue:
        return {}
    known = current_app.amqp.queues
    by_key = [name for name, one in known.items() if one.routing_key == queue]
    return {"queue": queue if queue in known or not by_key else by_key[0]}


def note(calls: list[Call], *, by: str) -> None:
    """The runs of what was sent.  The drainer writes them as well, maybe of another host and a
    moment later: the redirect to the new run's page is quicker.
    """
    told = {call.task_id: payload.told(call.args, call.kwargs) for call in calls}
    TaskRun.objects.bulk_create(
        [_run(call, told[call.task_id], by) for call in calls], ignore_conflicts=True
    )
    RunPayload.objects.bulk_create(
        [
            RunPayload(task_id=task_id, sealed=kept["sealed"])
            for task_id, kept in told.items()
            if "sealed" in kept
        ],
        ignore_conflicts=True,
    )


def _run(call: Call, told: dict[str, str], by: str) -> TaskRun:
    return TaskRun(
        task_id=call.task_id, name=call.name, queue=call.queue, triggered_by=by[:150],
        rerun_of=call.rerun_of, args=told["args"], kwargs=told["kwargs"], payload=told["payload"],
    )  # fmt: skip
