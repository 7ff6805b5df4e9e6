"""Long work in steps, and work that is given only so much time."""

from __future__ import annotations

import logging
import sys
import time

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from tasklog.capture import progress, section

logger = logging.getLogger("shop.catalogue")

STAGES = ("read the supplier's feed", "match products", "set prices", "rebuild the index")


@shared_task(name="demo.steps")
def steps(steps: int = 12, step_seconds: float = 1.0) -> dict[str, int]:
    """Rebuilds the catalogue in `steps` steps of `step_seconds` each, in four stages."""
    print(f"catalogue rebuild: {steps} steps, about {steps * step_seconds:.0f} s")
    done, changed = 0, 0
    for stage, share in zip(STAGES, _shares(steps), strict=True):
        if share:
            with section(stage):
                for _ in range(share):
                    done += 1
                    changed += _step(done, steps, stage)
                    time.sleep(step_seconds)
    logger.info("catalogue rebuilt, %d products changed", changed)
    return {"steps": done, "changed": changed}


def _shares(steps: int) -> list[int]:
    """So many steps for each stage, as even as can be."""
    return [steps // len(STAGES) + (n < steps % len(STAGES)) for n in range(len(STAGES))]


def _step(number: int, steps: int, stage: str) -> int:
    """One step's line and the bar; how many products it changed."""
    changed = 17 * number % 41
    print(f"step {number:>3}/{steps}  {stage}: {number * 204:,} products, {changed} changed")
    if changed > 36:
        logger.warning("step %d: %d products have no weight", number, changed - 36)
    progress(100 * number / steps, f"{stage}, step {number} of {steps}")
    return changed


# Limited when it is sent: `.set(soft_time_limit=…, time_limit=…)`.
@shared_task(name="demo.time_limited", acks_late=False)
def time_limited(seconds: float = 10.0, stubborn: bool = False) -> str:
    """Aggregates orders for `seconds`; asked to stop it tidies up, unless it is `stubborn`."""
    started, rows = time.monotonic(), 0
    while (spent := time.monotonic() - started) < seconds:
        try:
            rows += 1
            print(f"row {rows:>3}: 1,204 orders aggregated, {spent:.1f} of {seconds:.1f} s")
            time.sleep(0.25)
        except SoftTimeLimitExceeded:
            if not stubborn:
                print(f"time is up: {rows} rows thrown away, nothing half done", file=sys.stderr)
                raise
            print("asked to stop, but only a few rows are left", file=sys.stderr)
    return f"{rows} rows in time"
