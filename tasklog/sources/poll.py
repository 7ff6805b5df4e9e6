"""Fetches what is new at a connection.  WORKER.

A page of events, the ids by which they are known again and the cursor behind them are stored in
one transaction: killed at any point, nothing is lost and nothing comes twice.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from tasklog.capture.splitter import cut
from tasklog.conf import conf
from tasklog.drain.door import Door, RunGone, open_run
from tasklog.notify.transport import TransportError
from tasklog.sealing import Unreadable
from tasklog.sources.kinds import KINDS
from tasklog.sources.kinds.base import Batch, Event
from tasklog.sources.models import Connection, SeenEvent
from tasklog.sources.parsers import Parsed
from tasklog.sources.records import Records, Summary
from tasklog.sources.sniff import parser_for, sniff
from tasklog.spool.record import LineRecord

# One poll reads so many pages; the next one goes on there.
PAGES = 20
# A worker that died while it polled blocks the connection so long.
CLAIM = timedelta(minutes=5)
LONGEST_WAIT = 300.0
_CHUNK = 500
# Where a cursor holds what the readers of unfinished keys and tracebacks know, by flow.
OPEN = "open"
# Of so many flows, the newest.
FLOWS = 100


class Overtaken(RuntimeError):
    """Somebody else has moved the cursor meanwhile."""


def poll(connection_id: int) -> str:
    """One poll; what became of it in a sentence.  Nothing of the other side raises."""
    connection = _claim(connection_id)
    if connection is None:
        return "It is paused, gone, or polled by another worker."
    try:
        count = _fetch_all(connection)
    except Overtaken:
        return f"{connection}: another worker was faster."
    except (TransportError, Unreadable) as error:
        return _failed(connection, error)
    except Exception as error:
        # Whatever else goes wrong is told on the page as well as in the task's own log.
        _failed(connection, TransportError(f"It failed with {type(error).__name__}."))
        raise
    now = timezone.now()
    _free(connection, failures=0, last_error="", polled_at=now,
          next_at=now + timedelta(seconds=connection.interval))  # fmt: skip
    return f"{connection}: {count:,} new lines."


def _claim(connection_id: int) -> Connection | None:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    mine = Connection.objects.filter(free, pk=connection_id, enabled=True)
    if not mine.update(claimed_until=now + CLAIM):
        return None
    return Connection.objects.get(pk=connection_id)


def _free(connection: Connection, **values: object) -> None:
    Connection.objects.filter(pk=connection.pk).update(claimed_until=None, **values)


def _fetch_all(connection: Connection) -> int:
    kind, settings = KINDS[connection.kind], connection.settings
    count = 0
    for _ in range(PAGES):
        batch = kind.fetch(settings, connection.cursor, timezone.now())
        count += store(connection, batch)
        if not batch.more:
            break
    return count


def _failed(connection: Connection, error: TransportError | Unreadable) -> str:
    """Waits longer each time, at most five minutes, never all connections at the same moment."""
    wait = back_off(connection.failures, connection.interval, getattr(error, "retry_after", None))
    if connection.run_id not in ("", run_of(connection, timezone.now())):
        with transaction.atomic():
            end_run(connection)  # an outage over midnight leaves no run open
    _free(connection, failures=F("failures") + 1, last_error=str(error)[:500],
          next_at=timezone.now() + timedelta(seconds=wait))  # fmt: skip
    return f"{connection}: {error} It is tried again in {wait:.0f} s."


def back_off(failures: int, interval: int, asked: float | None = None) -> float:
    """Seconds until the next try: doubled each time, jittered downwards."""
    longest = min(max(interval, 5) * 2.0 ** min(failures, 10), LONGEST_WAIT)
    wait = longest * random.uniform(0.5, 1.0)  # noqa: S311
    return min(max(wait, asked or 0.0), LONGEST_WAIT)


def store(connection: Connection, batch: Batch) -> int:
    """Stores a page with its cursor; how many lines were new.  Raises `Overtaken`."""
    now = timezone.now()
    with transaction.atomic():
        here = Connection.objects.filter(pk=connection.pk, version=connection.version)
        # First of all: it locks the connection.
        if not here.update(version=F("version") + 1):
            raise Overtaken
        fresh = _unseen(connection, batch.events, now)
        if batch.forget:
            SeenEvent.objects.filter(connection=connection, at__lt=batch.forget).delete()
        going_on = dict(connection.cursor.get(OPEN, {}))
        run_id, rows = _enter(connection, fresh, now, going_on)
        newest = max((row.at for row in rows), default=None)
        cursor = _with_flows(batch.cursor, going_on)
        values = {"run_id": run_id, "lines": F("lines") + len(rows), "cursor": cursor}
        if newest is not None:
            values["newest_at"] = datetime.fromtimestamp(newest / 1e6, UTC)
        Connection.objects.filter(pk=connection.pk).update(**values)
    connection.refresh_from_db()
    return len(rows)


def _with_flows(cursor: dict[str, Any], going_on: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in cursor.items() if name != OPEN}
    newest = dict([*going_on.items()][-FLOWS:])
    return {**plain, OPEN: newest} if newest else plain


def _unseen(connection: Connection, events: Sequence[Event], now: datetime) -> list[Event]:
    """Those that are not stored yet; from now on they are known."""
    by_digest: dict[str, Event] = {}
    nameless = [event for event in events if not event.id]
    for event in events:
        if event.id:
            by_digest.setdefault(digest(event.id), event)
    known: set[str] = set()
    keys = list(by_digest)
    for at in range(0, len(keys), _CHUNK):
        seen = SeenEvent.objects.filter(connection=connection, event__in=keys[at : at + _CHUNK])
        known.update(seen.values_list("event", flat=True))
    fresh = {key: event for key, event in by_digest.items() if key not in known}
    SeenEvent.objects.bulk_create(
        [SeenEvent(connection=connection, event=key, at=_moment(event, now))
         for key, event in fresh.items()],
        batch_size=_CHUNK,
    )  # fmt: skip
    return [*nameless, *fresh.values()]


def _moment(event: Event, now: datetime) -> datetime:
    try:
        return now if event.at is None else datetime.fromtimestamp(event.at / 1e6, UTC)
    except (ValueError, OverflowError, OSError):
        return now


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _enter(
    connection: Connection, events: list[Event], now: datetime, going_on: dict[str, Any]
) -> tuple[str, list[LineRecord]]:
    """The lines into the run of the day; yesterday's ends."""
    run_id = run_of(connection, now)
    if connection.run_id not in ("", run_id):
        end_run(connection)
    if not events:
        return (run_id if connection.run_id == run_id else ""), []
    source = f"connection {connection.name}"
    open_run(run_id, title=f"source:{connection.name}", source=source, user=connection.created_by)
    rows = rows_of(run_id, events, now, going_on)
    door = Door(run_id)
    door.start()
    door.add(rows)
    door.close()
    return run_id, rows


def run_of(connection: Connection, now: datetime) -> str:
    """One run a day (UTC)."""
    return str(uuid.uuid5(connection.key, f"{now.astimezone(UTC):%Y-%m-%d}"))


def end_run(connection: Connection) -> None:
    """The run of its day is over.  Call inside a transaction."""
    try:
        door = Door(connection.run_id)
    except RunGone:
        return
    if not door.run.finished:
        door.end(result=f"{door.run.line_count:,} lines from {connection.name}")
        door.close()


def rows_of(
    run_id: str, events: Sequence[Event], now: datetime, going_on: dict[str, Any]
) -> list[LineRecord]:
    """The events' lines, parsed; an event's own time goes before what its text says.

    `going_on`: by flow, what a key or a traceback has begun; changed to how these events end.
    """
    most = conf().max_line_bytes
    texts = [_cut(event.text, most) for event in events]
    parser, summary, micros = Mixed(texts), Summary({}), int(now.timestamp() * 1_000_000)
    flows = {
        flow: Records(run_id, parser, summary, going_on.pop(flow, {}), micros)
        for flow in dict.fromkeys(event.flow for event in events)
    }
    rows: list[LineRecord] = []
    for event, text in zip(events, texts, strict=True):
        found = flows[event.flow].read(text.rstrip("\n").split("\n"))
        at = int(_moment(event, now).timestamp() * 1_000_000)
        rows += found if event.at is None else [row._replace(at=at) for row in found]
    going_on.update({flow: known for flow, one in flows.items() if (known := one.going_on)})
    return rows


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else cut(text[:most], len(text.encode(errors="replace")))


class Mixed:
    """Lines of several programs in one place: an object is read as one, whatever the others are."""

    name = "plain"

    def __init__(self, texts: Sequence[str]) -> None:
        self.memory: dict[str, Any] = {}
        found = sniff([text for text in texts if text[:1] != "{"])
        self.json = parser_for("json", {})
        self.other = parser_for("plain" if found == "csv" else found, {})

    def parse(self, text: str) -> Parsed | None:
        return self.json.parse(text) or self.other.parse(text)


def test(connection: Connection) -> str:
    """Asks once and stores nothing.  Raises `TransportError` or `Unreadable`."""
    batch = KINDS[connection.kind].fetch(connection.settings, connection.cursor, timezone.now())
    if not batch.events:
        return "It answered; there is nothing new."
    last = batch.events[-1].text.strip().splitlines() or [""]
    return f"It answered with {len(batch.events):,} events; the last one: {last[0][:120]}"
