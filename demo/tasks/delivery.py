"""Retries with exponential back-off and jitter."""

from __future__ import annotations

import logging
import random
from typing import Any

from celery import Task, shared_task
from celery.utils.time import get_exponential_backoff_interval

logger = logging.getLogger("shop.delivery")

# Seconds: the first wait at most, and the longest.
FIRST, LONGEST = 1, 30


@shared_task(bind=True, name="demo.deliver", max_retries=None)
def deliver(
    self: Task[..., Any], fail_probability: float = 0.5, max_retries: int = 5
) -> dict[str, int]:
    """Books a parcel at a carrier that is busy with this probability.

    It waits up to 1, 2, 4 … 30 seconds between attempts, each wait drawn at random, so that many
    tasks that failed together do not come back together.
    """
    attempt = self.request.retries + 1
    parcel = str(self.request.id)[:8].upper()
    print(f"attempt {attempt} of {max_retries + 1}: booking parcel 1Z{parcel}")
    try:
        _book(fail_probability)
    except ConnectionError as error:
        if attempt > max_retries:
            logger.error("%s; that was the last attempt, the parcel stays here", error)  # noqa: TRY400
            raise
        wait = get_exponential_backoff_interval(FIRST, self.request.retries, LONGEST, True)
        ceiling = min(LONGEST, FIRST * 2**self.request.retries)
        logger.warning("%s; next attempt in %d s, drawn from 0–%d s", error, wait, ceiling)
        raise self.retry(exc=error, countdown=wait, max_retries=max_retries) from error
    print(f"booked at attempt {attempt}, label printed")
    return {"attempts": attempt}


def _book(fail_probability: float) -> None:
    if random.random() < fail_probability:
        raise ConnectionError("the carrier answered 503, too many bookings")
