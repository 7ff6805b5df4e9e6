"""What following a task costs that does nothing: tracing it, and publishing it.

`python -m bench.noop_task` runs itself with capture on and off by turns, and compares.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import uuid4

from bench.rig import rig, table

TURNS = 3
TASKS = 5_000
ROUNDS = 5


def main() -> None:
    best: dict[str, dict[str, float]] = {}
    for _ in range(TURNS):
        for enabled in ("false", "true"):
            seen = _measure_in_a_process(enabled)
            known = best.setdefault(enabled, seen)
            best[enabled] = {name: min(known[name], seen[name]) for name in seen}
    head = ("CPU µs of", "off", "on", "more", "ratio")
    rows = []
    for name, off in best["false"].items():
        on = best["true"][name]
        rows.append((name, off * 1e6, on * 1e6, (on - off) * 1e6, on / off))
    table(f"{TASKS:,} no-op tasks, quickest of {ROUNDS * TURNS} rounds", [head, *rows])


def _measure_in_a_process(enabled: str) -> dict[str, float]:
    env = {**os.environ, "CELERY_TASKLOG_ENABLED": enabled, "LOG_LEVEL": "WARNING"}
    out = subprocess.run(
        [sys.executable, "-m", "bench.noop_task", "measure"],
        env=env, check=True, stdout=subprocess.PIPE,
    ).stdout  # fmt: skip
    return json.loads(out.splitlines()[-1])


def _measure() -> dict[str, float]:
    return {"tracing a task": _trace(), "publishing a task": _publish()}


def _trace() -> float:
    """Seconds of the worker's own tracer for one task, in this process."""
    from celery.app.trace import build_tracer

    from bench.tasks import app, no_op

    app.set_current()
    app.finalize()
    tracer = build_tracer(no_op.name, app.tasks[no_op.name], app=app)

    request = {
        "hostname": "w@bench",
        "is_eager": False,
        "retries": 0,
        "delivery_info": {"routing_key": "celery"},
    }

    def run() -> None:
        task_id = str(uuid4())
        tracer(task_id, (), {}, {**request, "id": task_id})

    return _quickest(run)


def _publish() -> float:
    from bench.tasks import no_op

    return _quickest(no_op.delay)


def _quickest(call: Callable[[], object]) -> float:
    """CPU seconds of this thread for one call: other work on the machine does not count."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.thread_time()
        for _ in range(TASKS // ROUNDS):
            call()
        best = min(best, (time.thread_time() - started) / (TASKS // ROUNDS))
    return best


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        with rig():
            print(json.dumps(_measure()))
    else:
        main()
