"""Who is alive: heartbeats and goodbyes of workers, on the database's own clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tasklog.drain import scene
from tasklog.drain.events import _whole as whole
from tasklog.drain.events import when
from tasklog.drain.text import name
from tasklog.models import TaskWorker
from tasklog.querysets import database_now
from tasklog.spool import record
from tasklog.spool.record import EventRecord

_FIELDS = [
    "host", "pid", "pool", "concurrency", "versions", "rss_bytes", "memory",
    "started_at", "seen_at", "stopped_at",
]  # fmt: skip


def note(events: Iterable[EventRecord]) -> None:
    """Writes what the workers said last."""
    last: dict[str, TaskWorker] = {}
    for event in events:
        worker = name(event.data["worker"])
        if event.kind == record.HEARTBEAT:
            last[worker] = _worker(worker, event.data)
        elif worker in last:
            last[worker].stopped_at = when(event.data.get("at"))
        else:
            at = when(event.data.get("at"))
            TaskWorker.objects.filter(name=worker).update(stopped_at=at)
    if last:
        TaskWorker.objects.bulk_create(
            [last[key] for key in sorted(last)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=_FIELDS,
        )


def _worker(worker: str, data: dict[str, Any]) -> TaskWorker:
    versions = data.get("versions")
    return TaskWorker(
        name=worker,
        host=name(data.get("host")),
        pid=whole(data.get("pid")),
        pool=name(data.get("pool"), 32),
        concurrency=whole(data.get("concurrency")),
        versions=versions if isinstance(versions, dict) else {},
        rss_bytes=scene.size(data.get("rss")),
        memory=scene.memory_of(data.get("memory"), when(data.get("at")).timestamp()),
        started_at=when(data["started_at"]) if data.get("started_at") else None,
        seen_at=_seen(data),
    )


def _seen(data: dict[str, Any]) -> datetime:
    """The heartbeat's age by its own host's clock, before the database's now."""
    age = datetime.now(UTC) - when(data.get("at"))
    return database_now() - max(age, timedelta(0))
