"""As many lines as the machine can print."""

from __future__ import annotations

import time

from celery import shared_task

LINES = 100_000


@shared_task(name="demo.flood")
def flood(lines: int = LINES) -> str:
    """Prints `lines` lines of 80 characters as fast as it can."""
    started = time.perf_counter()
    for n in range(1, lines + 1):
        print(f"{n:>19,}  order A-{n:06d} shipped as parcel 1Z{n * 7919 % 10**12:012d}, lane Gd-07")
    seconds = time.perf_counter() - started
    told = f"{lines:,} lines in {seconds:.2f} s"
    print(f"{told}, {seconds / lines * 1e6:.1f} µs a line")
    return told
