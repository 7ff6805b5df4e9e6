"""Flower beside us, on the same worker: who shows an ended task sooner, and whose memory grows?

`python3 -m uv run --with flower python -m bench.flower [TASKS …]`, by default 10,000 and 100,000.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
import redis

from bench.live_delay import session
from bench.rig import Rig, rig, table, wait
from bench.viewers import free_port, memory, serve

# Tasks whose way to either list is timed, one after the other.
MARKED = 20
EVERY = 0.01
Ended = Callable[[str], bool]


def main(counts: list[int]) -> None:
    with rig(LOG_LEVEL="WARNING", FLOWER_UNAUTHENTICATED_API="true") as own:
        drainer, ports = own.drainer(), (free_port(), free_port())
        web = serve(own, ports[0])
        flower = _flower(own, ports[1])
        own.worker("-E", children=2)
        shows = (_ours(ports[0]), _flowers(ports[1]))
        rows = [_told(0, shows, web, drainer, flower)]
        for count in counts:
            _run(own, count - rows[-1][0])
            rows.append(_told(count, shows, web, drainer, flower))
    head = (
        "tasks so far", "ours, ms", "Flower, ms", "our web, MB", "our drainer, MB", "Flower, MB"
    )  # fmt: skip
    table("From sending a task to its end in the list (median), and memory", [head, *rows])


def _flower(own: Rig, port: int) -> subprocess.Popen[bytes]:
    process = own.python("-m", "celery", "-A", "bench.tasks", "flower", f"--port={port}")
    wait(lambda: _answers(f"http://127.0.0.1:{port}/healthcheck"), 60)
    return process


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _ours(port: int) -> Ended:
    url = f"http://127.0.0.1:{port}"
    cookie = session(url)
    client = httpx.Client(base_url=url, cookies={cookie["name"]: cookie["value"]}, timeout=30)

    def ended(task_id: str) -> bool:
        found = client.get("/tasklog/api/v1/tasks/", params={"limit": 5}).json()["results"]
        return any(run["task_id"] == task_id and run["status"] == "SUCCESS" for run in found)

    return ended


def _flowers(port: int) -> Ended:
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def ended(task_id: str) -> bool:
        found = client.get("/api/tasks", params={"limit": 5, "sort_by": "-received"}).json()
        return found.get(task_id, {}).get("state") == "SUCCESS"

    return ended


def _run(own: Rig, count: int) -> None:
    code = (
        "import django; django.setup()\n"
        "from bench.tasks import no_op\n"
        f"for _ in range({count}): no_op.delay()\n"
    )
    subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=True)
    broker = redis.Redis(unix_socket_path=str(own.folder / "broker.sock"))
    wait(lambda: not broker.llen("default") and not broker.hlen("unacked"), 900)
    time.sleep(5)  # both have time to take the last ones in


def _told(
    count: int, shows: tuple[Ended, Ended], *processes: subprocess.Popen[bytes]
) -> tuple[float, ...]:
    """A row of the table: medians in milliseconds, then memory in MB."""
    from bench.tasks import no_op

    delays: tuple[list[float], list[float]] = ([], [])
    for turn in range(MARKED):
        ended, told = shows[turn % 2], delays[turn % 2]
        began = time.perf_counter()
        task_id = no_op.delay().id
        while not ended(task_id):
            time.sleep(EVERY)
        told.append((time.perf_counter() - began) * 1e3)
    medians = [statistics.median(each) for each in delays]
    return (count, *medians, *(memory(process) / 1e6 for process in processes))


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [10_000, 100_000])
