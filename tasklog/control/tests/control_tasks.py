"""Tasks for a real worker: one that fails, one that waits."""

import time
from pathlib import Path

from celery import shared_task


@shared_task(name="control.pay")
def pay(amount, *, password, folder):
    """Writes down what it was given, then fails."""
    with Path(folder, "given").open("a") as file:
        file.write(f"{amount} {password}\n")
    raise RuntimeError("the bank is closed")


@shared_task(name="control.sleep")
def sleep(seconds=60):
    time.sleep(seconds)
