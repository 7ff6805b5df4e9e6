"""A few rows of everything the API tells of, for whoever asks at random."""

from __future__ import annotations

from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from tasklog.alerts.models import Condition, Incident, Rule
from tasklog.insights import report
from tasklog.insights.models import Anomaly, Finding, Pattern, PatternHour, hour_of
from tasklog.models import TaskRun
from tasklog.notify.models import Channel, Delivery, InboxMessage
from tasklog.sources.models import Connection, Upload

QUOTE = {"number": 1, "at": "2026-01-31T12:00:00+00:00", "text": "disk full", "level": 40}
HOOK = {"address": "https://example.com/", "secret": "a-secret-that-signs"}
COUNT = 10


def make_all(user: Any) -> None:
    """Ids begin at 1; `user` has an inbox."""
    TaskRun.objects.create(task_id="run-1", name="orders.import")
    for number in range(1, COUNT + 1):
        make_alert(number, user)
        make_insight(number)
        Upload.objects.create(
            run_id="run-1" if number == 1 else f"upload-{number}", name="app.log",
            summary={"lines": 3, "levels": {"40": 3}, "samples": [[1, "what is this"]]},
        )  # fmt: skip
    # Refused without a question to anybody's server.
    make_connection("http", {"address": "https://127.0.0.1/", "header_value": "Bearer 12345678"})
    make_connection("folder", {"folder": "/nowhere"})
    count_on(Anomaly, Channel, Delivery, Incident, InboxMessage, Pattern, Rule)


def count_on(*models: type[Model]) -> None:
    """Ids that were given leave PostgreSQL's own counters behind."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def make_alert(number: int, user: Any) -> None:
    channel = Channel(pk=number, name=f"channel {number}", kind="webhook")
    channel.settings = HOOK
    channel.save()
    condition = Condition.values[number % len(Condition.values)]
    limits = {"pattern": "disk"} if condition == Condition.PATTERN else {}
    rule = Rule.objects.create(
        pk=number, name=f"rule {number}", condition=condition, tasks="orders.import", limits=limits
    )
    rule.channels.add(channel)
    Incident.objects.create(
        pk=number,
        rule=rule,
        title="it failed",
        run_id="run-1",
        quotes=[{"run_id": "run-1"} | QUOTE],
    )
    said = {"key": "k", "title": "it failed", "facts": [["Rule", "rule"]], "quotes": [QUOTE]}
    Delivery.objects.create(
        pk=number, channel=channel, key="k", thread=f"incident:{number}", title="it failed",
        message=said, state=Delivery.State.FAILED,
    )  # fmt: skip
    InboxMessage.objects.create(pk=number, user=user, key=str(number), message=said)


def make_insight(number: int) -> None:
    now = timezone.now()
    pattern = Pattern.objects.create(
        pk=number, fingerprint=str(number), task="orders.import", template=f"disk {number} full",
        first_seen=now, last_seen=now, places=[["run-1", 1]],
    )  # fmt: skip
    PatternHour.objects.create(pattern=pattern, hour=hour_of(now), count=3)
    Anomaly.objects.create(
        pk=number, kind="burst", task="orders.import", pattern=pattern, hour=hour_of(now),
        storm=hour_of(now), observed=3, usual=1, score=4, sentence="Three.", key=str(number),
    )  # fmt: skip
    Finding.objects.create(
        day=now.date(), kind="new", sentence="New.", score=3, pattern=pattern, task="orders.import"
    )
    row = report.begin("daily")
    if number % 2:
        report.make(row)


def make_connection(kind: str, settings: dict[str, Any]) -> None:
    made = Connection(name=kind, kind=kind)
    made.settings = settings
    made.save()
