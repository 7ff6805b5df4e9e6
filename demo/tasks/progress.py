"""Jobs that take a while and say how far they are."""

from __future__ import annotations

import logging
import random
import sys
import time
from typing import Any

from celery import Task, shared_task

logger = logging.getLogger("shop.orders")

SUPPLIERS = ("acme", "northwind", "globex", "initech", "umbrella")
CURRENCIES = ("EUR", "USD", "GBP", "PLN")


@shared_task(bind=True, name="demo.long")
def long(self: Task[..., Any], duration: int = 60) -> dict[str, int]:
    """Imports a day of orders for `duration` seconds."""
    feed = f"orders-{random.choice(SUPPLIERS)}"
    batches = max(4, int(duration * 2.5))
    print(f"importing {feed}: {batches * 50:,} orders in {batches} batches")
    started, skipped = time.monotonic(), 0
    for batch in range(1, batches + 1):
        skipped += _import_batch(batch, batches)
        share = batch / batches
        self.update_state(
            state="PROGRESS",
            meta={"progress": round(100 * share, 1), "message": f"batch {batch} of {batches}"},
        )
        time.sleep(max(0.0, started + duration * share - time.monotonic()))
    logger.info("feed %s finished, %d orders skipped", feed, skipped)
    print(f"done: {batches * 50 - skipped:,} orders imported, {skipped} skipped")
    return {"imported": batches * 50 - skipped, "skipped": skipped}


def _import_batch(batch: int, batches: int) -> int:
    """One batch's lines; now and then something is wrong with an order.  How many were skipped."""
    order = f"A-{77000 + batch * 50 + random.randrange(50)}"
    speed = random.gauss(12.2, 1.1)
    print(f"batch {batch:>3}/{batches}  ok  50 orders  {speed:5.1f} ms/order")
    chance = random.random()
    if chance < 0.05:
        print(f"order {order} exists already, skipped", file=sys.stderr)
        return 1
    if chance < 0.12:
        print(f"rate limit: 429 from the warehouse, waited {speed * 20:.0f} ms", file=sys.stderr)
    elif chance < 0.20:
        logger.warning(
            "currency missing on order %s, assuming %s", order, random.choice(CURRENCIES)
        )
    elif chance < 0.30:
        logger.info("committed up to order %s", order)
    return 0


@shared_task(bind=True, name="demo.progress_bar")
def progress_bar(self: Task[..., Any], duration: int = 12) -> str:
    """Draws one bar over and over with carriage returns, as tqdm and pip do."""
    total, started = 240, time.monotonic()
    print("downloading catalogue-2026-11.tar.gz (48.0 MB)")
    for done in range(1, total + 1):
        bar = ("█" * (done * 30 // total)).ljust(30, "·")
        speed = done * 0.2 / max(time.monotonic() - started, 0.01)
        frame = f"{100 * done // total:3d}%|{bar}| {done * 0.2:4.1f}/48.0 MB  {speed:4.1f} MB/s"
        print(f"\r{frame}", end="", file=sys.stderr, flush=True)
        if done % 12 == 0:
            self.update_state(state="PROGRESS", meta={"progress": 100 * done / total})
        time.sleep(duration / total)
    print(file=sys.stderr)
    print("checksum ok, 18,204 products unpacked")
    return "48.0 MB"
