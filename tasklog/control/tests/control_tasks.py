"""Tasks for a real worker: one that fails, one that waits."""

import json
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


@shared_task(bind=True, name="control.step")
def step(self, value, name, folder):
    """Writes down how it was sent; fails while there is a file of its name."""
    about = self.request
    seen = {
        "name": name, "value": value, "id": about.id, "group": about.group,
        "priority": about.delivery_info.get("priority"), "key": about.delivery_info["routing_key"],
        "exchange": about.delivery_info["exchange"], "expires": about.expires,
        "limits": about.timelimit, "tenant": (about.headers or {}).get("tenant"),
        "stamps": about.stamps,
    }  # fmt: skip
    with Path(folder, "seen").open("a") as file:
        file.write(json.dumps(seen, default=str) + "\n")
    if Path(folder, name).exists():
        raise RuntimeError(f"{name} is broken")
    return value


@shared_task(name="control.all")
def all_of(values, folder):
    """A chord's callback."""
    with Path(folder, "seen").open("a") as file:
        file.write(json.dumps({"name": "all", "value": values}) + "\n")
