"""Reports: asked for by a person, made by a worker, kept to download."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from demo.models import DemoUser, Report
from demo.tasks.retrying import RetryingTask
from demo.tasks.workflows import WAREHOUSES
from tasklog.capture import progress, section

logger = logging.getLogger("shop.reports")

Row = dict[str, Any]


@shared_task(base=RetryingTask, name="demo.generate_report")
def generate_report(report_id: int) -> dict[str, Any]:
    """Fills a `Report`; its log shows the sections, its body is the file."""
    report = Report.objects.get(pk=report_id)
    report.begin()
    try:
        return _fill(report)
    except BaseException as error:
        report.fail(str(error) or type(error).__name__)
        raise


def _fill(report: Report) -> dict[str, Any]:
    began, days = time.monotonic(), int(report.filters.get("days", 30))
    with section("Collect"):
        rows = list(_collected(KINDS[report.kind](days), days))
    with section("Write"):
        body = WRITERS[report.form](rows)
        print(f"{len(body.encode()):,} bytes of {report.form}")
    seconds = round(time.monotonic() - began, 3)
    digest = hashlib.sha256(body.encode()).hexdigest()
    report.finish(body, {"rows": len(rows), "seconds": seconds, "sha256": digest})
    logger.info("report %d is ready: %d rows", report.pk, len(rows))
    return {"report_id": report.pk, "rows": len(rows), "sha256": digest}


def _collected(rows: Iterator[Row], days: int) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number <= days and number % 5 == 0:
            print(f"row {number:>4}: {', '.join(map(str, row.values()))}")
            progress(min(95, 95 * number / days), f"{number} rows")
            time.sleep(0.02)
        yield row


def sales(days: int) -> Iterator[Row]:
    """A line for each day: orders, revenue, returns."""
    chance, today = random.Random(days), timezone.now().date()
    for back in range(days, 0, -1):
        day, orders = today - timedelta(days=back), chance.randrange(80, 240)
        revenue = round(orders * chance.uniform(38, 71), 2)
        yield {"day": f"{day}", "orders": orders, "revenue": revenue, "returns": orders // 19}


def stock(days: int) -> Iterator[Row]:
    """A line for each warehouse and shelf: how many days its goods last."""
    chance = random.Random(days)
    for place in WAREHOUSES:
        for shelf in range(1, 9):
            held, sold = chance.randrange(40, 900), chance.randrange(1, 30)
            lasts = held // sold
            short = "order now" if lasts < days else ""
            yield {"place": place, "shelf": shelf, "held": held, "lasts_days": lasts, "note": short}


def users(days: int) -> Iterator[Row]:
    """A line for each demo user seen within `days`."""
    edge = timezone.now() - timedelta(days=days)
    seen = DemoUser.objects.filter(seen_at__gte=edge, user__isnull=False).select_related("user")
    for mark in seen.order_by("pk")[:10_000]:
        yield {"user": str(mark), "last_seen": mark.seen_at.date().isoformat()}


def _as_csv(rows: list[Row]) -> str:
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _as_json(rows: list[Row]) -> str:
    return json.dumps(rows, indent=1)


KINDS: dict[str, Callable[[int], Iterator[Row]]] = {"sales": sales, "stock": stock, "users": users}
WRITERS: dict[str, Callable[[list[Row]], str]] = {"csv": _as_csv, "json": _as_json}
