"""10,000 no-op tasks on two prefork children, capture off and on by turns.

The worker boots on an idle queue, so that only the tasks' own work is counted.
`python -m bench.many_tasks [TASKS]`
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

import redis

from bench.rig import Rig, cpu_seconds, rig, table, wait

TURNS = 3
QUEUE = "bench"


def main(tasks: int) -> None:
    seen: dict[str, list[tuple[float, float, float]]] = {"false": [], "true": []}
    with rig(LOG_LEVEL="WARNING") as own:
        for _ in range(TURNS):
            for enabled, turns in seen.items():
                turns.append(_turn(own, enabled, tasks))
    off, on = (
        tuple(statistics.median(column) for column in zip(*seen[name], strict=True))
        for name in ("false", "true")
    )
    head = (f"{tasks:,} no-op tasks", "off", "on", "on / off")
    names = ("worker CPU, µs a task", "tasks a second", "sending, µs a task")
    rows = [(name, *pair, pair[1] / pair[0]) for name, *pair in zip(names, off, on, strict=True)]
    table(f"Two prefork children, median of {TURNS} turns", [head, *rows])


def _turn(own: Rig, enabled: str, tasks: int) -> tuple[float, float, float]:
    """CPU µs a task, tasks a second, µs to send one."""
    sending = _send(enabled, tasks)
    drainer = own.drainer() if enabled == "true" else None
    worker = own.worker("-Q", "idle", children=2, CELERY_TASKLOG_ENABLED=enabled)
    busy, started = cpu_seconds(worker), time.perf_counter()
    own.app.control.add_consumer(QUEUE)
    broker = redis.Redis(unix_socket_path=str(own.folder / "broker.sock"))
    wait(lambda: not broker.llen(QUEUE) and not broker.hlen("unacked"), 300)
    seconds, busy = time.perf_counter() - started, cpu_seconds(worker) - busy
    own.stop(worker)
    if drainer:
        own.stop(drainer)
    return busy / tasks * 1e6, tasks / seconds, sending


def _send(enabled: str, tasks: int) -> float:
    """Published by a process of its own, whose settings are those of the turn."""
    code = (
        "import django, json, time; django.setup()\n"
        "from bench.tasks import no_op\n"
        f"no_op.apply_async(queue={QUEUE!r})\n"
        "started = time.perf_counter()\n"
        f"for _ in range({tasks}): no_op.apply_async(queue={QUEUE!r})\n"
        f"print(json.dumps((time.perf_counter() - started) / {tasks} * 1e6))\n"
    )
    env = {**os.environ, "CELERY_TASKLOG_ENABLED": enabled}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
