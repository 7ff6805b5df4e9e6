"""Tasks of a real worker that give reason for an alarm."""

from __future__ import annotations

import time

from celery import shared_task


@shared_task(name="alarm_tests.fail")
def fail() -> None:
    print("opening the ledger")
    raise ValueError("the ledger is torn")


@shared_task(name="alarm_tests.flood")
def flood(times: int) -> None:
    for number in range(times):
        print(f"disk full, try {number}")


@shared_task(name="alarm_tests.nap")
def nap(seconds: float) -> None:
    time.sleep(seconds)
