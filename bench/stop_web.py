"""SIGTERM for a web process with 100 open streams: when is it gone, when is everybody back?

A process manager starts another on the same port; each reader comes back as a browser does, after
the pause it was told, with the number it has.  `python -m bench.stop_web [STREAMS]`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Any

from bench.rig import Rig, rig, table, wait
from bench.viewers import Reader, cookies, free_port, serve

# Slow enough that nobody is 2,000 lines behind when the next process answers: a page that is leaps
# to the newest lines and says which it left out.
PER_SECOND = 50
SECONDS = 40


def main(streams: int) -> None:
    with rig(LOG_LEVEL="ERROR") as own:
        from bench.tasks import stamps
        from tasklog.models import TaskRun

        own.drainer()
        own.worker()
        task_id = stamps.delay(PER_SECOND, SECONDS).id
        wait(TaskRun.objects.filter(pk=task_id, line_count__gt=0).exists, 60)
        told = asyncio.run(_scene(own, task_id, cookies(streams)))
    table(f"SIGTERM with {streams} open streams", [("", "seen", "must reach"), *told])


async def _scene(own: Rig, task_id: str, sessions: list[str]) -> list[tuple[Any, ...]]:
    port = free_port()
    web = await asyncio.to_thread(serve, own, port)
    readers = [Reader(port, f"/runs/{task_id}/stream/", cookie) for cookie in sessions]
    await asyncio.gather(*(reader.open() for reader in readers))
    following = [asyncio.create_task(_follow(reader)) for reader in readers]
    await asyncio.sleep(3)
    began = time.monotonic()
    web.send_signal(signal.SIGTERM)
    await asyncio.to_thread(web.wait, 30)
    gone = time.monotonic()
    await asyncio.to_thread(serve, own, port)
    answers = time.monotonic()
    back = await asyncio.gather(*following)
    firsts = [reader.stamps[0] for reader in readers]
    lasts = [reader.stamps[-1] for reader in readers]
    wanted = [list(range(a, b + 1)) for a, b in zip(firsts, lasts, strict=True)]
    pairs = list(zip(readers, wanted, strict=True))
    return [
        ("process gone after, s", gone - began, "3"),
        ("the next answers after, s", answers - began, ""),
        ("first reader back, s after it answers", min(back) - answers, ""),
        ("last reader back, s after it answers", max(back) - answers, "5"),
        ("missing", sum(len(want) - len(set(one.stamps)) for one, want in pairs), "0"),
        ("double", sum(len(one.stamps) - len(set(one.stamps)) for one, _ in pairs), "0"),
        ("in order", all(one.stamps == want for one, want in pairs), "True"),
    ]


async def _follow(reader: Reader) -> float:
    """To the end of the stream, back again, and until the first line there; when that came."""
    await reader.read()
    while True:
        await asyncio.sleep(reader.retry)
        try:
            if await reader.open() == 200:
                break
        except (OSError, EOFError):
            continue
    reading = asyncio.create_task(reader.read())
    while not reader.first_at:
        await asyncio.sleep(0.01)
    await asyncio.sleep(2)
    reading.cancel()
    reader.close()
    return reader.first_at


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100)
