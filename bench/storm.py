"""5,000 readers connect at the same moment to one web process: how many are served, how soon?

`python -m bench.storm [READERS]`; quick: `python -m bench.storm 1000`.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import time
from collections import Counter

from bench.rig import Rig, rig, table
from bench.viewers import Reader, cookies, free_port, memory, serve

TASK = "stormed"
# A reader is patient for so long (seconds).
PATIENCE = 300


def main(readers: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, readers * 2 + 1000), most))
    with rig(LOG_LEVEL="ERROR") as own:
        from tasklog.models import TaskRun

        TaskRun.objects.create(task_id=TASK, name="bench.stormed", state="STARTED")
        asyncio.run(_storm(own, cookies(readers)))


async def _storm(own: Rig, sessions: list[str]) -> None:
    port = free_port()
    web = await asyncio.to_thread(serve, own, port)
    calm = memory(web)
    readers = [Reader(port, f"/runs/{TASK}/stream/", cookie) for cookie in sessions]
    began = time.monotonic()
    told = await asyncio.gather(*(_served(reader, began) for reader in readers))
    seconds = sorted(after for status, after in told if status == "200") or [float("nan")]
    statuses = Counter(status for status, _ in told)
    rows = [
        ("readers at once", "served", "must reach", "half of them after, s", "all, s", "kB each"),
        (
            f"{len(readers):,}", f"{statuses['200']:,}", f"{len(readers):,}",
            statistics.median(seconds), seconds[-1], (memory(web) - calm) / len(readers) / 1e3,
        ),
    ]  # fmt: skip
    table("A storm of readers on one web process", rows)
    if len(statuses) > 1:
        print(dict(statuses))
    for reader in readers:
        reader.close()


async def _served(reader: Reader, began: float) -> tuple[str, float]:
    """The status, or why there is none, and after how many seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            status = str(await reader.open())
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        status = type(error).__name__
    return status, time.monotonic() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5_000)
