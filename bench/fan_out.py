"""500 viewers of one run in one web process, ten batches a second.

From the message to the reader: delay, CPU of the web process for each event, memory, threads and
connections a viewer costs.  `python -m bench.fan_out [VIEWERS] [SECONDS] [sqlite|postgresql]`;
quick: `python -m bench.fan_out 500 5`.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench.rig import Rig, cpu_seconds, rig, table
from bench.viewers import Reader, connections, cookies, free_port, memory, serve, threads

PER_SECOND = 10
TASK = "watched"
# What everything is compared with: the process's own few threads are there.
FEW = 20


def main(viewers: int, seconds: int, database: str) -> None:
    with rig(database, LOG_LEVEL="ERROR") as own:
        from tasklog.models import TaskRun

        TaskRun.objects.create(task_id=TASK, name="bench.watched", state="STARTED")
        told = asyncio.run(_watch(own, cookies(viewers), seconds))
    head = ("viewers of one run", "seen", "must reach")
    table(f"{database}: {viewers} viewers, {PER_SECOND} batches a second", [head, *told])


async def _watch(own: Rig, sessions: list[str], seconds: int) -> list[tuple[Any, ...]]:
    port = free_port()
    web = await asyncio.to_thread(serve, own, port)
    readers = [Reader(port, f"/runs/{TASK}/stream/", cookie) for cookie in sessions]
    await _open(readers[:FEW])
    before = memory(web), threads(web), await asyncio.to_thread(connections, own)
    await _open(readers[FEW:])
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    await asyncio.sleep(1)
    opened = memory(web)
    busy = cpu_seconds(web)
    await asyncio.to_thread(_publish, seconds * PER_SECOND)
    await asyncio.sleep(1)
    busy = cpu_seconds(web) - busy
    after = opened, threads(web), await asyncio.to_thread(connections, own)
    for reader, task in zip(readers, reading, strict=True):
        task.cancel()
        reader.close()
    return list(_rows(readers, seconds * PER_SECOND, busy, before, after))


async def _open(readers: list[Reader]) -> None:
    statuses = await asyncio.gather(*(reader.open() for reader in readers))
    if set(statuses) != {200}:
        raise AssertionError(f"not every stream was opened: {set(statuses)}")


def _publish(batches: int) -> None:
    """One line a batch; each says when."""
    from tasklog.line import Line
    from tasklog.live.publish import publish_lines

    began = time.monotonic()
    for number in range(1, batches + 1):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        now = time.time()
        text = f"stamp {number} {now:.6f} and what a task tells of its work besides"
        publish_lines(TASK, [Line(number, int(now * 1e6), "stdout", 0, "", text, 1, 0, number)])


def _rows(
    readers: list[Reader], batches: int, busy: float, before: Any, after: Any
) -> Iterator[tuple[Any, ...]]:
    events = sum(len(reader.stamps) for reader in readers)
    whole = sum(reader.stamps == list(range(1, batches + 1)) for reader in readers)
    ages = statistics.quantiles((age for reader in readers for age in reader.ages), n=100)
    yield "events", f"{events:,} of {len(readers) * batches:,}", "all"
    yield "viewers that saw all, in order", whole, len(readers)
    yield "delay p50, ms", ages[49], ""
    yield "delay p99, ms", ages[98], "60"
    yield "CPU µs an event", busy / max(events, 1) * 1e6, "30"
    yield "memory a viewer, kB", (after[0] - before[0]) / max(len(readers) - FEW, 1) / 1e3, "70"
    yield f"threads, {FEW} viewers and all", f"{before[1]} → {after[1]}", "the same"
    yield f"connections, {FEW} viewers and all", f"{before[2]} → {after[2]}", "the same"


if __name__ == "__main__":
    asked = [*sys.argv[1:], *("500", "20", "sqlite")[len(sys.argv) - 1 :]]
    main(int(asked[0]), int(asked[1]), asked[2])
