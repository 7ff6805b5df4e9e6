"""A task for real workers that only the kernel ends."""

import time

from celery import shared_task


@shared_task(name="drain.devour", acks_late=False)
def devour():
    """Takes memory, 160 MiB a second, until there is none left."""
    held = []
    while True:
        held.append(bytearray(b"\x01") * 2**20 * 8)
        print(f"holding {8 * len(held)} MiB")
        time.sleep(0.05)


@shared_task(name="drain.wait", acks_late=False)
def wait(seconds):
    time.sleep(seconds)
