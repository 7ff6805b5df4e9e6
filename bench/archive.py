"""Archiving a large run: how fast, how small, and is every line the same afterwards?

Also what a window costs from rows and from chunks, at the start, the middle and the end.
`python -m bench.archive [--lines N] [sqlite|postgres]`
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.rig import has_postgres, rig, table

WINDOW = 1_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("database", nargs="*", default=["sqlite"])
    asked = parser.parse_args()
    database = asked.database[0]
    if database == "postgres" and not has_postgres():
        raise SystemExit("BENCH_POSTGRES names no server")
    with rig(database):
        measure(database, asked.lines)


def measure(database: str, count: int) -> None:
    from tasklog.archive.archiving import archive_run
    from tasklog.models import LogChunk

    fill(count)
    rows, before, as_rows = size_of_rows(), digest(), windows(count)
    started = time.perf_counter()
    archive_run("run")
    seconds = time.perf_counter() - started
    if digest() != before:
        raise AssertionError("the lines differ after archiving")
    chunks = sum(len(data) for data in LogChunk.objects.values_list("data", flat=True).iterator())
    table(
        f"{database}: {count:,} lines, read back byte for byte",
        [
            ("", "rows", "chunks", "ratio"),
            ("MB", f"{rows / 1e6:,.1f}", f"{chunks / 1e6:,.1f}", f"{rows / chunks:.1f} : 1"),
            ("lines/s in", "", f"{count / seconds:,.0f}", ""),
            *compared(as_rows, windows(count)),
        ],
    )


def fill(count: int) -> None:
    from tasklog.models import TaskLogLine, TaskRun
    from tasklog.states import State

    now = datetime.now(UTC)
    TaskRun.objects.create(task_id="run", state=State.SUCCESS, finished_at=now, line_count=count)
    dice = random.Random(1)
    for first in range(1, count + 1, 20_000):
        TaskLogLine.objects.bulk_create(
            TaskLogLine(
                task_id="run", number=n, seq=n, timestamp=now + timedelta(milliseconds=n),
                message=f"batch {n // 50:>6}/20000  ok  {dice.uniform(9, 15):.1f} ms/order"
                f"  order A-{dice.randrange(10**6)} committed",
            )
            for n in range(first, min(first + 20_000, count + 1))
        )  # fmt: skip


def digest() -> str:
    from tasklog.archive.reader import iter_lines

    whole = hashlib.sha256()
    for line in iter_lines("run"):
        whole.update(repr(line).encode())
    return whole.hexdigest()


def size_of_rows() -> int:
    """Bytes of the line table with its indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size('tasklog_tasklogline')")
        else:
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute("PRAGMA page_size")
            return int(pages * cursor.fetchone()[0])
        return int(cursor.fetchone()[0])


def windows(count: int) -> dict[str, float]:
    """Milliseconds for a window at three places, the best of five."""
    from tasklog.archive.reader import read_lines

    return {
        "first window, ms": best(lambda: read_lines("run", limit=WINDOW)),
        "window in the middle, ms": best(lambda: read_lines("run", after=count // 2, limit=WINDOW)),
        "newest window, ms": best(lambda: read_lines("run", limit=WINDOW, newest=True)),
    }


def best(read: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        read()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def compared(rows: dict[str, float], chunks: dict[str, float]) -> list[tuple[str, ...]]:
    return [
        (name, f"{rows[name]:.1f}", f"{chunks[name]:.1f}", f"{chunks[name] / rows[name]:.1f} ×")
        for name in rows
    ]


if __name__ == "__main__":
    main()
