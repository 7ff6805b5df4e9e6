"""Tasks that start tasks, and output in sections that fold."""

from __future__ import annotations

import time
from typing import Any

from celery import Task, group, shared_task
from celery.utils.log import get_task_logger

logger = get_task_logger(__name__)

WAREHOUSES = ("Gdansk", "Leipzig", "Lyon")


@shared_task(name="demo.sections")
def sections() -> str:
    """A release in steps; each step folds and shows how long it took."""
    for step, lines in (("Build", 14), ("Test", 32), ("Upload", 8)):
        print(f"::group::{step}")
        for number in range(1, lines + 1):
            print(f"{step.lower()} step {number} of {lines} ok")
            time.sleep(0.06)
        print("::endgroup::")
    print("release 2026.11.2 is out")
    return "2026.11.2"


@shared_task(bind=True, name="demo.nested")
def nested(self: Task[..., Any]) -> str:
    """Sends three tasks to the workers, calls one on the spot, and keeps its own lines apart."""
    print(f"counting stock in {len(WAREHOUSES)} warehouses")
    started = group(count_stock.s(place) for place in WAREHOUSES).apply_async()
    print(f"started them as group {started.id}")
    here = count_stock.apply(args=("head office",), task_id=f"{self.request.id}-here")
    logger.info("head office holds %s items", here.result)
    return "3 started, 1 done here"


@shared_task(name="demo.count_stock")
def count_stock(place: str) -> int:
    """Counts one warehouse."""
    total = 0
    for shelf in range(1, 9):
        total += 40 + 7 * shelf
        print(f"{place}: shelf {shelf} of 8, {total} items so far")
        time.sleep(0.15)
    return total
