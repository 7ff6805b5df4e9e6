"""1,000,000 lines in one task: is it slower than with capture off, what does its child weigh?

Off twice: as Celery does it by default (its redirect writes each line to the worker's log file),
and with that redirect off too, where `print` writes to the file itself.
`python -m bench.million [LINES]`; quick: `python -m bench.million 200000`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench.rig import Rig, rig, table, wait

SIDES = {
    "off, Celery's redirect to the file": ("false", "true"),
    "off, print to the file": ("false", "false"),
    "captured": ("true", "true"),
}


def main(lines: int) -> None:
    with rig(LOG_LEVEL="WARNING") as own:
        seen = {name: _turn(own, *side, lines) for name, side in SIDES.items()}
    redirected, plain, _ = (told["seconds"] for told in seen.values())
    rows = [
        (name, told["seconds"], lines / told["seconds"], told["seconds"] / redirected,
         told["seconds"] / plain, told["memory"] / 2**20, told.get("stored", "–"))
        for name, told in seen.items()
    ]  # fmt: skip
    head = (
        "", "task, s", "lines/s", "against the first", "… the second", "memory + MiB",
        "all stored after, s",
    )  # fmt: skip
    table(
        f"{lines:,} lines in one task; must reach: 1.15 against the first, + 8 MiB", [head, *rows]
    )


def _turn(own: Rig, enabled: str, redirect: str, lines: int) -> dict[str, float]:
    from bench.tasks import app, weighed

    answer = own.folder / f"{enabled}-{redirect}.json"
    drainer = own.drainer()
    code = (
        "import sys; from bench.tasks import app; "
        f"app.conf.worker_redirect_stdouts = {redirect == 'true'}; app.worker_main(sys.argv[1:])"
    )
    worker = own.python(
        "-c", code, "worker", "-c", "1", "-l", "INFO", "-n", f"{enabled}{redirect}@bench",
        CELERY_TASKLOG_ENABLED=enabled,
    )  # fmt: skip
    wait(lambda: app.control.ping(timeout=0.3), 60)
    weighed.delay(1_000, str(answer))  # what is loaded on first use is no cost of a line
    wait(lambda: _told(answer), 60)
    answer.unlink()
    began = time.perf_counter()
    task_id = weighed.delay(lines, str(answer)).id
    wait(lambda: _told(answer), 600)
    told = _told(answer)
    if enabled == "true":
        wait(lambda: _stored(task_id) >= lines, 300)
        told["stored"] = time.perf_counter() - began
    own.stop(worker)
    own.stop(drainer)
    return told


def _told(answer: Path) -> dict[str, float]:
    try:
        told: dict[str, float] = json.loads(answer.read_text())
    except (OSError, ValueError):
        return {}
    return told


def _stored(task_id: str) -> int:
    from tasklog.models import TaskRun

    return TaskRun.objects.filter(pk=task_id).values_list("line_count", flat=True).first() or 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
