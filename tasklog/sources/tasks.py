"""What workers do for sources."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError

from tasklog.sources import connections, ingest, poll, uploads
from tasklog.sources.models import Connection, Upload
from tasklog.sources.peek import compress, first_records, metadata

_AWAY = (OperationalError, InterfaceError)


@shared_task(
    name="tasklog.sources.process_log_file", ignore_result=True,
    autoretry_for=_AWAY, retry_backoff=5, max_retries=10,
    # Ten times its turn: half a megabyte that takes so long would never end.
    soft_time_limit=600, time_limit=660,
)  # fmt: skip
def process_log_file(upload_id: int) -> None:
    """Reads an uploaded file into its run for a while; started again it goes on where it was."""
    print(ingest.process(upload_id))  # noqa: T201


@shared_task(name="tasklog.sources.parse_structured_logs")
def parse_structured_logs(upload_id: int, most: int = 100) -> list[dict[str, Any]]:
    """What the parser makes of the first lines of a waiting file; stores nothing."""
    return first_records(Upload.objects.get(pk=upload_id), min(most, 1000))


@shared_task(name="tasklog.sources.extract_log_metadata")
def extract_log_metadata(upload_id: int) -> dict[str, Any]:
    """Format, span of time, lines by level, lines that could not be read."""
    return metadata(Upload.objects.get(pk=upload_id))


@shared_task(name="tasklog.sources.compress_log_file")
def compress_log_file(upload_id: int) -> int:
    """Packs a file that waits for its worker; the bytes that were won."""
    return compress(Upload.objects.get(pk=upload_id))


@shared_task(name="tasklog.sources.poll_all_connections", ignore_result=True)
def poll_all_connections() -> int:
    """Gives every connection whose time has come to a worker, and takes up what was left behind.

    Two of these at once give nothing out twice, and a message that waited longer than the
    connection's interval is dropped.
    """
    due = connections.take_due()
    for connection in due:
        poll_cloud_logs.apply_async((connection.pk,), expires=max(connection.interval, 30))
    print(f"{len(due)} connections are due; {uploads.take_up()} uploads were left behind.")  # noqa: T201
    return len(due)


@shared_task(name="tasklog.sources.poll_cloud_logs", ignore_result=True)
def poll_cloud_logs(connection_id: int) -> None:
    """Fetches what is new at one connection."""
    print(poll.poll(connection_id))  # noqa: T201


@shared_task(name="tasklog.sources.process_live_logs", ignore_result=True)
def process_live_logs(connection_id: int, events: list[dict[str, Any]]) -> int:
    """Stores events that a program hands over: `[{"message": …, "time": …, "id": …}]`."""
    count = connections.push(Connection.objects.get(pk=connection_id), events)
    print(f"{count} of {len(events)} events were new.")  # noqa: T201
    return count


@shared_task(name="tasklog.sources.tidy_uploads", ignore_result=True)
def tidy_uploads() -> int:
    """Forgets uploads whose run is gone, and files that belong to none."""
    count = uploads.tidy()
    print(f"{count} were forgotten.")  # noqa: T201
    return count
