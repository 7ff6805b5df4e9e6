"""Hands a task to the workers, or says within two seconds that the broker is away.  WEB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import chain, current_app

from demo.models import Report
from demo.patterns import Pattern, Plan
from tasklog.control.sending import BrokerAway, short_connection
from tasklog.models import TaskRun

__all__ = ["BrokerAway", "broker", "launch", "start"]


@contextmanager
def broker(told: str = "Nothing was started") -> Iterator[Any]:
    """A producer on a short-limited connection.  Raises `BrokerAway`."""
    with (
        short_connection(told=told) as connection,
        current_app.amqp.Producer(connection) as producer,
    ):
        yield producer


def launch(plan: Plan, by: str = "") -> None:
    """Sends the plan's first task; the runs of its known ids exist when this returns.

    Raises `BrokerAway`, and then nothing was sent and no run made.
    """
    with broker() as producer:
        # A chain drops the producer it is given; a connection it hands on to its first task.
        given = {"connection": producer.connection} if _is_chain(plan) else {"producer": producer}
        plan.signature.apply_async(**given, retry=False)
    # The drainer writes these rows as well, a moment later: the redirect may be quicker.
    for task_id in dict.fromkeys((plan.root_id, plan.task_id)):
        given = {"name": plan.names[task_id], "triggered_by": by, "root_id": plan.root_id}
        TaskRun.objects.get_or_create(task_id=task_id, defaults=given)


def _is_chain(plan: Plan) -> bool:
    return isinstance(plan.signature, chain)


def start(pattern: Pattern, given: dict[str, Any], by: str) -> Plan:
    """Starts a pattern with inputs it has validated.  Raises `BrokerAway`: nothing was done."""
    plan = pattern.plan(given, by)
    try:
        launch(plan, by)
    except BrokerAway:
        Report.objects.filter(task_id=plan.task_id).delete()
        raise
    return plan
