"""One task that prints 100,000 lines of 80 characters: CPU a line, and is every line there?

`python -m bench.big_task [LINES]`
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise

import redis

from bench.rig import Rig, cpu_seconds, rig, table, wait

TURNS = 3


def main(lines: int) -> None:
    with rig(LOG_LEVEL="WARNING") as own:
        off = min(_turn(own, "false", lines)[0] for _ in range(TURNS))
        turns = [_turn(own, "true", lines) for _ in range(TURNS)]
        worker, drainer, seconds = (min(column) for column in zip(*turns, strict=True))
    head = ("CPU µs a line", "value", "against off")
    rows = [
        ("worker, capture off (stock redirect)", off, 1.0),
        ("worker, captured", worker, worker / off),
        ("worker and drainer", worker + drainer, (worker + drainer) / off),
    ]
    table(f"{lines:,} lines, the best of {TURNS} turns; all stored in order", [head, *rows])
    print(f"\nAll in the database {seconds:.1f} s after the task was sent.")


def _turn(own: Rig, enabled: str, lines: int) -> tuple[float, float, float]:
    """CPU µs a line of worker and drainer; seconds until every line is stored."""
    from bench.tasks import big

    on = enabled == "true"
    drainer = own.drainer()
    worker = own.worker(CELERY_TASKLOG_ENABLED=enabled)
    broker = redis.Redis(unix_socket_path=str(own.folder / "broker.sock"))
    before, drained, started = cpu_seconds(worker), _cpu(drainer), time.perf_counter()
    task_id = big.delay(lines).id
    wait(lambda: (_stored(task_id) >= lines) if on else not broker.llen("celery"), 300)
    if not on:
        wait(lambda: not broker.hlen("unacked"), 300)
    seconds = time.perf_counter() - started
    worker_us = (cpu_seconds(worker) - before) / lines * 1e6
    drainer_us = (_cpu(drainer) - drained) / lines * 1e6
    own.stop(worker)
    own.stop(drainer)
    if on:
        _check(task_id, lines)
    return worker_us, drainer_us, seconds


def _cpu(process: object) -> float:
    return cpu_seconds(process, without="nothing")


def _stored(task_id: str) -> int:
    from tasklog.models import TaskRun

    return TaskRun.objects.filter(pk=task_id).values_list("line_count", flat=True).first() or 0


def _check(task_id: str, lines: int) -> None:
    from tasklog.archive.reader import iter_lines

    printed = [line.message for line in iter_lines(task_id) if line.stream == "stdout"]
    told = [int(message.split(None, 1)[0]) for message in printed]
    if told != list(range(1, lines + 1)):
        breaks = [pair for pair in pairwise(told) if pair[1] != pair[0] + 1]
        raise AssertionError(f"{len(told)} lines of {lines}; breaks at {breaks[:5]}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
