"""The tasks that are measured, on the project's own Celery app."""

from __future__ import annotations

import json
import mmap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import shared_task

from project.celery import app
from tasklog.tests.faults.truth import Truth

__all__ = [
    "app",
    "big",
    "flood",
    "forever",
    "no_op",
    "print_rounds",
    "stamps",
    "timed",
    "torn",
    "weighed",
]

LINE = "batch 361/580  ok  50 orders  12.4 ms/order  warehouse Gdansk, committed, nex"


@shared_task(name="bench.no_op", ignore_result=True)
def no_op() -> None:
    """Nothing: what is left is what tracing costs."""


@shared_task(name="bench.big", ignore_result=True)
def big(lines: int) -> None:
    """Prints numbered lines of 80 characters."""
    for number in range(1, lines + 1):
        print(f"{number:>7} {LINE[:72]}")


@shared_task(name="bench.weighed", ignore_result=True)
def weighed(lines: int, answer: str) -> None:
    """Like `big`; writes to `answer` what it took: seconds, and memory it left behind (bytes)."""
    before, began = _resident(), time.perf_counter()
    big(lines)
    told = {"seconds": time.perf_counter() - began, "memory": _resident() - before}
    Path(answer).write_text(json.dumps(told))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@shared_task(name="bench.timed", ignore_result=True)
def timed(truth: str, lines: int, per_second: int) -> None:
    """Prints stamps and keeps its own account of every call, as the fault tests do."""
    account, began = Truth(truth), time.monotonic()
    for number in range(1, lines + 1):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        account.call(lambda number=number: print(f"stamp {number} {time.time():.6f}"))


@shared_task(name="bench.print_rounds", ignore_result=True)
def print_rounds(rounds: int, lines: int, answer: str) -> None:
    """Prints lines of 80 characters; writes the seconds of the quickest round to `answer`."""
    Path(answer).write_text(json.dumps(quickest(print_line, rounds, lines)))


def print_line(number: int) -> None:
    print(f"{number:>7} {LINE[:72]}")


def quickest(write: Callable[[int], Any], rounds: int, lines: int) -> dict[str, float]:
    """Seconds a line in the quickest round: by the clock, and of this thread's CPU."""
    best = {"wall": float("inf"), "cpu": float("inf")}
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.thread_time()
        for number in range(lines):
            write(number)
        best["wall"] = min(best["wall"], (time.perf_counter() - wall) / lines)
        best["cpu"] = min(best["cpu"], (time.thread_time() - cpu) / lines)
    return best


@shared_task(name="bench.stamps", ignore_result=True)
def stamps(per_second: int, seconds: int) -> None:
    """Prints the time, so many times a second."""
    started = time.monotonic()
    for number in range(per_second * seconds):
        time.sleep(max(0.0, started + number / per_second - time.monotonic()))
        print(f"stamp {number} {time.time():.6f}")


@shared_task(name="bench.flood", ignore_result=True)
def flood(per_second: int, seconds: int) -> None:
    """Prints so many lines a second, a hundredth of them at once; each says when."""
    started, at_once = time.monotonic(), max(per_second // 100, 1)
    for number in range(per_second * seconds):
        if number % at_once == 0:
            time.sleep(max(0.0, started + number / per_second - time.monotonic()))
        print(f"{number:>7} {LINE[:50]} at {time.time():.3f}")


@shared_task(name="bench.forever", ignore_result=True, acks_late=False)
def forever(truth: str) -> None:
    """Prints without end; after each `print` its number stands in the file `truth`."""
    with Path(truth).open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 8)
        number = 0
        while True:
            number += 1
            print(f"{number:>7} {LINE[:72]}")
            memory[:8] = number.to_bytes(8, "little")


@shared_task(name="bench.torn", ignore_result=True)
def torn() -> None:
    """Prints a line and fails, saying when."""
    print(LINE)
    raise ValueError(f"torn at {time.time():.4f}")
