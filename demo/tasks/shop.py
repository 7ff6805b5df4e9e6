"""The shop's tasks by the clock: what the schedules of `seed_demo` start, so they go on with it."""

from __future__ import annotations

import logging
import random
import time

from celery import shared_task

logger = logging.getLogger("shop")

PLACES = ("Hamburg", "Lyon", "Turin", "Gdansk")


@shared_task(name="stock.sync")
def sync_stock() -> int:
    """Looks at every warehouse; how many items are there."""
    logger.info("synchronising stock")
    total = 0
    for place in PLACES:
        for shelf in range(1, 4):
            count = random.randint(50, 990)
            logger.debug("%s: shelf %d holds %d items", place, shelf, count)
            total += count
            time.sleep(0.1)
    logger.info("stock is level, %d items", total)
    return total


@shared_task(name="imports.prices")
def import_prices() -> int:
    """Reads a supplier's feed in batches; how many prices changed."""
    changed = 0
    for batch in range(1, 11):
        rows = random.randint(50, 990)
        print(f"batch {batch}: {rows} rows")
        changed += rows // 10
        time.sleep(0.2)
    logger.info("%d prices changed", changed)
    return changed


@shared_task(name="reports.stock_value")
def value_stock() -> str:
    """What all warehouses hold is worth, in EUR."""
    worth = {place: random.uniform(10_000, 90_000) for place in PLACES}
    for place, amount in worth.items():
        logger.debug("%s: %.2f EUR", place, amount)
    logger.info("total %.2f EUR", sum(worth.values()))
    return f"{sum(worth.values()):.2f}"
