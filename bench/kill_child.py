"""`kill -9` of a child that prints at full speed: how many completed lines are lost or doubled?

After each `print` the task writes its number into a shared memory map, which outlives it.
`python -m bench.kill_child [KILLS] [sqlite|postgres]`
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

from bench.rig import Rig, rig, table, wait


def main(kills: int, database: str) -> None:
    with rig(database, LOG_LEVEL="WARNING") as own:
        own.drainer()
        worker = own.worker()
        seen = [_kill(own, worker.pid) for _ in range(kills)]
    printed, lost, doubled, reasons = zip(*seen, strict=True)
    told = ", ".join(sorted(set(reasons)))
    head = ("kills", "lines printed", "lost", "doubled", "reason told")
    row = (kills, f"{sum(printed):,}", sum(lost), sum(doubled), told)
    table(f"{database}: kill -9 of a child at full speed", [head, row])


def _kill(own: Rig, parent: int) -> tuple[int, int, int, str]:
    """Printed, lost and doubled lines of one kill, and the reason the run gives."""
    from bench.tasks import forever
    from tasklog.models import TaskRun

    truth = own.folder / "truth"
    truth.write_bytes(bytes(8))
    task_id = forever.delay(str(truth)).id
    wait(lambda: _count(truth) > 500)
    time.sleep(random.uniform(0.05, 0.5))
    os.kill(_child(parent, task_id), signal.SIGKILL)
    wait(lambda: TaskRun.objects.filter(pk=task_id, finished_at__isnull=False).exists(), 60)
    run = TaskRun.objects.get(pk=task_id)
    lost, doubled = _compare(task_id, _count(truth))
    return _count(truth), lost, doubled, run.state_label


def _child(parent: int, task_id: str) -> int:
    """The process that runs the task, as its attempt says."""
    from tasklog.models import TaskAttempt

    attempts = TaskAttempt.objects.filter(task_id=task_id)
    wait(attempts.exists)
    pid = attempts.get().pid
    if pid == parent:
        raise AssertionError("the attempt ran in the worker itself")
    return pid


def _count(truth: object) -> int:
    return int.from_bytes(truth.read_bytes(), "little")


def _compare(task_id: str, printed: int) -> tuple[int, int]:
    """One line more than the truth knows is right: printed, and killed before it was counted."""
    from tasklog.archive.reader import iter_lines

    messages = [line.message for line in iter_lines(task_id) if line.stream == "stdout"]
    numbers = [int(message.split(None, 1)[0]) for message in messages]
    return printed - len(set(numbers) & set(range(1, printed + 1))), len(numbers) - len(
        set(numbers)
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20, sys.argv[2] if sys.argv[2:] else "sqlite")
