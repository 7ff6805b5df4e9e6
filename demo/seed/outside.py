"""Log files that somebody sent and places that are connected, read by the room of sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random

from django.db.models import QuerySet
from django.utils import timezone

from demo.seed.forgetting import forget
from tasklog.models import TaskRun
from tasklog.sources import connections, ingest, poll, uploads
from tasklog.sources.kinds.base import Batch, Event
from tasklog.sources.models import Connection, Upload

BY = "seed_demo"
HOUR = timedelta(hours=1)
LINES = 400
# None of them asks anybody: they rest.
CONNECTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "Checkout functions": (
        Connection.Kind.CLOUDWATCH,
        {"region": "eu-central-1", "group": "/aws/lambda/checkout", "look_back": 5},
    ),
    "Warehouse scanners": (
        Connection.Kind.HTTP,
        {"address": "https://scanners.example.com/events", "items": "data", "cursor": "next"},
    ),
}


def make(end: datetime) -> None:
    """Three files of the last hours, and two connections that were paused after a day."""
    random = Random(20)  # noqa: S311
    begin = end - 4 * HOUR
    for name, lines in (
        ("checkout-api.jsonl", _checkout(random, begin)),
        ("proxy.log", _proxy(random, begin)),
        ("supplier-prices.csv", _prices(random, begin)),
    ):
        _upload(name, "\n".join(lines) + "\n", end - HOUR)
    for name, (kind, settings) in CONNECTIONS.items():
        _connect(name, kind, settings, list(_events(random, begin)))


def runs() -> QuerySet[TaskRun]:
    """What those files and connections have made."""
    return TaskRun.objects.exclude(source="").filter(triggered_by=BY)


def clear() -> None:
    """Takes files, connections and their runs away."""
    forget(list(runs().values_list("pk", flat=True)))
    Upload.objects.filter(user=BY).delete()
    Connection.objects.filter(created_by=BY).delete()


def _upload(name: str, text: str, at: datetime) -> None:
    upload = uploads.receive(BytesIO(text.encode()), name, BY)
    ingest.process(upload.pk)
    Upload.objects.filter(pk=upload.pk).update(created_at=at, finished_at=at + timedelta(seconds=1))


def _connect(name: str, kind: str, settings: dict[str, object], events: list[Event]) -> None:
    connection = Connection(name=name, kind=kind, created_by=BY, polled_at=timezone.now())
    connection.settings = settings
    connection.save()
    poll.store(connection, Batch(events, {}))
    connections.pause(connection)


def _times(random: Random, begin: datetime) -> Iterator[datetime]:
    """Moments, one after the other; more of them in the middle."""
    for place in range(LINES):
        yield begin + timedelta(seconds=place * 30 + random.random() * 25)


def _checkout(random: Random, begin: datetime) -> Iterator[str]:
    for at in _times(random, begin):
        took, order = int(random.lognormvariate(4, 0.8)), random.randint(40_000, 59_999)
        slow = took > 160
        yield json.dumps({
            "timestamp": at.isoformat(), "level": "WARNING" if slow else "INFO",
            "logger": "checkout.api",
            "message": f"POST /orders/{order} {'took' if slow else 'answered 201 in'} {took} ms",
        })  # fmt: skip


def _proxy(random: Random, begin: datetime) -> Iterator[str]:
    for at in _times(random, begin):
        status = random.choices((200, 304, 404, 502), (80, 12, 6, 2))[0]
        level = "error" if status == 502 else "info"
        page = random.choice(("/", "/basket", "/item/" + str(random.randint(10_000, 99_999))))
        yield f'time={at.isoformat()} level={level} status={status} msg="GET {page} {status}"'


def _prices(random: Random, begin: datetime) -> Iterator[str]:
    """A table; a few rows of it are none."""
    yield "timestamp,level,logger,message"
    for place, at in enumerate(_times(random, begin)):
        if place in (120, 121):
            yield f"<<<<<<< supplier, row {place}"
        price = f"{random.lognormvariate(3, 0.7):.2f}"
        yield f"{at:%Y-%m-%dT%H:%M:%SZ},info,prices,item {random.randint(10_000, 99_999)}: {price}"


def _events(random: Random, begin: datetime) -> Iterator[Event]:
    for place, at in enumerate(_times(random, begin)):
        level = random.choices(("INFO", "WARNING", "ERROR"), (90, 8, 2))[0]
        words = {"INFO": "scanned", "WARNING": "scanned twice", "ERROR": "label not readable:"}
        text = f"{level} {words[level]} parcel {random.randint(10**7, 10**8)}"
        yield Event(f"seed-{place}", int(at.astimezone(UTC).timestamp() * 1_000_000), text)
