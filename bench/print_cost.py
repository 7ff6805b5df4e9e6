"""What one `print` of 80 characters costs in a task, against other ways to keep the line.

`python -m bench.print_cost [sqlite|postgres] …`
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TextIO
from uuid import uuid4

from bench.rig import Rig, has_postgres, rig, table, wait

LINES = 20_000
ROUNDS = 7
NAIVE_LINES = 2_000


def main(databases: list[str]) -> None:
    if len(databases) != 1:  # settings are read once in a process
        for database in databases:
            subprocess.run([sys.executable, "-m", "bench.print_cost", database], check=True)
        return
    with rig(databases[0]) as own:
        ways = {
            "print, captured": _in_worker(own, "true"),
            "print to a line-buffered file": _to_file(own),
            "Celery's stdout redirect": _in_worker(own, "false"),
            f"one ORM INSERT a line ({databases[0]})": _naive(),
        }
    captured = ways["print, captured"]["cpu"]
    head = ("way", "µs a line", "CPU µs", "CPU, captured is")
    rows = [
        (name, way["wall"] * 1e6, way["cpu"] * 1e6, f"{captured / way['cpu']:.3f} ×")
        for name, way in ways.items()
    ]
    table(f"{LINES:,} lines, quickest of {ROUNDS} rounds", [head, *rows])


def _in_worker(own: Rig, enabled: str) -> dict[str, float]:
    """Measured by the task itself in a prefork child; the console is a null device."""
    from bench.tasks import print_rounds

    worker = own.worker("--logfile=/dev/null", CELERY_TASKLOG_ENABLED=enabled)
    answer = own.folder / f"answer-{uuid4().hex}"
    print_rounds.delay(ROUNDS, LINES, str(answer))
    wait(answer.exists)
    wait(answer.read_text)
    own.stop(worker)
    return json.loads(answer.read_text())


def _to_file(own: Rig) -> dict[str, float]:
    from bench.tasks import LINE, quickest

    with (own.folder / "plain.txt").open("w", buffering=1) as file:

        def write(number: int) -> None:
            print(f"{number:>7} {LINE[:72]}", file=file)

        return quickest(write, ROUNDS, LINES)


class NaiveWriter:
    """What is written first everywhere: a row for each line, at once."""

    def __init__(self, task_id: str) -> None:
        self.task_id, self.number = task_id, 0

    def write(self, text: str) -> int:
        from tasklog.models import TaskLogLine

        if text != "\n":
            self.number += 1
            TaskLogLine.objects.create(task_id=self.task_id, number=self.number, message=text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""


def _naive() -> dict[str, float]:
    from bench.tasks import LINE, quickest

    file: TextIO = NaiveWriter(uuid4().hex)  # type: ignore[assignment]

    def write(number: int) -> None:
        print(f"{number:>7} {LINE[:72]}", file=file)

    return quickest(write, 3, NAIVE_LINES)


if __name__ == "__main__":
    main(sys.argv[1:] or ["sqlite", *(["postgres"] if has_postgres() else [])])
