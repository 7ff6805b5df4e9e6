"""Connections as people handle them: due, paused, deleted; and lines that are pushed.  BOTH."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tasklog.sources import poll
from tasklog.sources.kinds.base import Batch, Event
from tasklog.sources.models import Connection
from tasklog.sources.times import moment


def find(key: str) -> Connection | None:
    """The one with this key; what is no key is nobody's."""
    try:
        return Connection.objects.filter(key=uuid.UUID(key)).first()
    except ValueError:
        return None


def take_due() -> list[Connection]:
    """Those whose time has come; each is given out once for its interval."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    found = []
    for connection in Connection.objects.filter(free, enabled=True, next_at__lte=now):
        mine = Connection.objects.filter(pk=connection.pk, next_at=connection.next_at)
        if mine.update(next_at=now + timedelta(seconds=max(connection.interval, 1))):
            found.append(connection)
    return found


def pause(connection: Connection) -> None:
    """Its run ends; more lines of the same day would open it again."""
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(enabled=False)
        if connection.run_id:
            poll.end_run(connection)


def resume(connection: Connection) -> None:
    """From where it was; at once."""
    Connection.objects.filter(pk=connection.pk).update(
        enabled=True, failures=0, last_error="", next_at=timezone.now()
    )


def delete(connection: Connection) -> None:
    """Its lines stay in their runs, the last of which ends."""
    with transaction.atomic():
        if connection.run_id:
            poll.end_run(connection)
        connection.delete()


def push(connection: Connection, events: list[dict[str, Any]]) -> int:
    """Stores events that somebody hands over; the cursor stays.  How many lines were new.

    An event is `{"message": …, "time": …, "id": …}`; one with the id of a stored one is dropped.
    """
    given = [
        Event(str(e.get("id") or ""), moment(e.get("time")), str(e.get("message", "")))
        for e in events
    ]
    for _ in range(5):
        try:
            return poll.store(connection, Batch(given, connection.cursor))
        except poll.Overtaken:
            connection.refresh_from_db()
    raise poll.Overtaken
