"""From a worker's task to a mail server: at once, and once."""

from __future__ import annotations

import email
from email import policy
from typing import Any

import pytest
from celery import Celery

from conftest import Stack, wait_for
from tasklog.alerts.models import Incident, Rule
from tasklog.notify.models import Channel, Delivery
from tasklog.notify.tests.conftest import Mailbox, mailbox

__all__ = ["mailbox"]  # a fixture
TASKS = ("-I", "tasklog.alerts.tests.alarm_tasks")
MATCHES = 10_000


def watching(condition: str, **values: Any) -> Rule:
    channel = Channel(name="mail", kind="email")
    channel.settings = {"to": ["ops@example.com"]}
    channel.save()
    rule = Rule.objects.create(name="watch", condition=condition, tasks="alarm_tests.*", **values)
    rule.channels.add(channel)
    return rule


def worker(stack: Stack, mailbox: Mailbox) -> Celery:
    stack.worker(
        "prefork", 2, *TASKS,
        EMAIL_URL=f"smtp://127.0.0.1:{mailbox.port}", CELERY_TASKLOG_MAX_LINES="0",
    )  # fmt: skip
    return Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)


def told(stack: Stack) -> str:
    return "\n".join(map(stack.output, stack.processes))


@pytest.mark.django_db(transaction=True)
def test_a_failing_task_is_a_mail_within_seconds(stack: Stack, mailbox: Mailbox) -> None:
    watching("failed")
    worker(stack, mailbox).send_task("alarm_tests.fail")
    wait_for(lambda: mailbox.mails, 60, lambda: told(stack))
    incident = Incident.objects.get()
    assert "the ledger is torn" in incident.title
    assert incident.quotes
    mail = email.message_from_bytes(mailbox.mails[0].content, policy=policy.default)
    assert mail["Subject"] == f"[TaskLog] {incident.title}"
    wait_for(lambda: Delivery.objects.get().state == "sent", 60)


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_matches_is_one_incident_and_one_mail(stack: Stack, mailbox: Mailbox) -> None:
    watching("pattern", limits={"pattern": "DISK full"})
    worker(stack, mailbox).send_task("alarm_tests.flood", (MATCHES,))
    counted = Incident.objects.filter(count=MATCHES)
    wait_for(counted.exists, 60, lambda: str(list(Incident.objects.values())))
    wait_for(lambda: mailbox.mails, 60, lambda: told(stack))
    assert Incident.objects.count() == Delivery.objects.count() == len(mailbox.mails) == 1
