"""The shop's workflow: each night the day's orders are counted in chunks, then together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from demo.seed.job import Fault, Job, Script
from demo.seed.telling import Teller, Told

CHUNKS = 6
_DEADLOCK = Fault(
    "django.db.utils.OperationalError: deadlock detected",
    (("orders/closing.py", 58, "count_chunk", "ledger.add(chunk)"),),
)
CLOSE = Job(
    "orders.close_day", "default", seconds=2, at=23, schedule="Close the day", result="'started'",
    script=Script(
        "shop.orders", ("I closing the day",), ("D chunk {n}: {count} orders",),
        ("P started 6 chunks",), least=8, most=8,
    ),
)  # fmt: skip
CHUNK = Job(
    "orders.count_chunk", "default", seconds=24, failing=0.02, retrying=0.06, faults=(_DEADLOCK,),
    kwargs='{{"chunk": {n}}}', result="{count}",
    script=Script(
        "shop.orders", ("I counting {count} orders",), ("D order {n}: {amount} EUR",),
        ("I sum {amount} EUR",), least=12, most=30,
    ),
)  # fmt: skip
TOTALS = Job(
    "orders.publish_totals", "default", seconds=4, result="'{amount}'",
    script=Script(
        "shop.orders", ("I adding up 6 chunks",), ("D ledger page {n}: {amount} EUR",),
        ("I the day is closed with {amount} EUR",), least=8, most=10,
    ),
)  # fmt: skip
JOBS = (CLOSE, CHUNK, TOTALS)


def nights(begin: datetime, end: datetime) -> list[Told]:
    """E very night's workflow.  A chunk that fails keeps its totals from being published."""
    close, chunk, totals = (Teller(job, end) for job in JOBS)
    return [
        told
        for root in close.runs(begin)
        for told in [root, *_after(root, chunk, totals)]
        if told.run.finished_at and told.run.finished_at < end
    ]


def _after(root: Told, chunk: Teller, totals: Teller) -> Iterator[Told]:
    group = str(UUID(int=chunk.random.getrandbits(128), version=4))
    at = _end_of(root)
    place = {"parent_id": root.run.pk, "root_id": root.run.pk}
    parts = [chunk.tell(at, group_id=group, **place) for _ in range(CHUNKS)]
    yield from parts
    if all(part.run.state == "SUCCESS" for part in parts):
        last = max(parts, key=_end_of)
        yield totals.tell(_end_of(last), parent_id=last.run.pk, root_id=root.run.pk)


def _end_of(told: Told) -> datetime:
    return (told.run.finished_at or told.run.created_at) + timedelta(milliseconds=20)
