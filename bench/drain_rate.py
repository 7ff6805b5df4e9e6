"""How many lines a second the drainer stores, against a bare bulk insert of the same rows.

Both fill the same table with the same indexes, in transactions of the same size, in this run.
`python -m bench.drain_rate [sqlite|postgres] …`
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from bench.rig import has_postgres, rig, table

LINES = 200_000
BATCH = 5_000
ROUNDS = 3
TEXT = "batch 361/580  ok  50 orders  12.4 ms/order  warehouse Gdansk, committed, next"
COLUMNS = "task_id, number, attempt_id, origin, seq, timestamp, stream, level, logger, message"


def main(databases: list[str]) -> None:
    if len(databases) != 1:  # settings are read once in a process
        for database in databases:
            subprocess.run([sys.executable, "-m", "bench.drain_rate", database], check=True)
        return
    with rig(databases[0]) as own:
        rates = {"drainer": 0.0, "bare insert": 0.0}
        for _ in range(ROUNDS):
            rates["drainer"] = max(rates["drainer"], LINES / _drain(own.folder / "spool"))
            rates["bare insert"] = max(rates["bare insert"], LINES / _insert())
        share = rates["drainer"] / rates["bare insert"]
        head = ("way", "lines/s", "of bare")
        rows = [(name, f"{rate:,.0f}", "") for name, rate in rates.items()]
        rows[0] = (*rows[0][:2], f"{share:.0%}")
        table(f"{databases[0]}: {LINES:,} lines, best of {ROUNDS}", [head, *rows])


def _drain(folder: Path) -> float:
    """Seconds the drainer's own loop takes for a spool of one finished process."""
    from tasklog.drain.loop import Drain

    _write_spool(folder)
    drain = Drain(folder)
    started = time.perf_counter()
    while drain.drain():
        pass
    seconds = time.perf_counter() - started
    _forget(folder)
    return seconds


def _write_spool(folder: Path) -> None:
    from tasklog.spool.record import START, encode_event, encode_line, line_prefix

    folder.mkdir(exist_ok=True)
    task_id, attempt, now = str(uuid4()), uuid4().hex, time.time()
    name = f"bench-1-{attempt[:8]}"
    start = {"task_id": task_id, "attempt": attempt, "spool": name, "name": "bench", "at": now,
             "worker": "w@bench", "pid": 1}  # fmt: skip
    prefix = line_prefix(task_id, attempt, 0)
    with (folder / f"{name}.1.spool").open("wb") as spool:
        spool.write(encode_event(START, start))
        for seq in range(1, LINES + 1):
            at = int(now * 1e6) + seq
            spool.write(encode_line(prefix, seq, at, "o", 0, "", f"{TEXT} {seq:>6}"))


def _forget(folder: Path) -> None:
    from tasklog.models import SpoolFile, TaskLogLine

    for path in folder.iterdir():
        path.unlink()
    SpoolFile.objects.all().delete()
    counted = TaskLogLine.objects.count()
    if counted != LINES:
        raise AssertionError(f"{counted} of {LINES} lines stored")
    _empty()


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("TRUNCATE tasklog_tasklogline")
        else:
            cursor.execute("DELETE FROM tasklog_tasklogline")


def _insert() -> float:
    """Seconds of COPY or executemany for the same rows, made before the clock starts."""
    from django.db import connection, transaction

    postgres = connection.vendor == "postgresql"
    batches = [_rows(first) for first in range(1, LINES + 1, BATCH)]
    write = _copy if postgres else _executemany
    started = time.perf_counter()
    for batch in batches:
        with transaction.atomic(), connection.cursor() as cursor:
            write(cursor, batch)
    seconds = time.perf_counter() - started
    _empty()
    return seconds


def _rows(first: int) -> list[tuple[object, ...]]:
    at = datetime.now(UTC)
    stamp = at.strftime("%Y-%m-%d %H:%M:%S.%f")
    return [
        ("bare", number, None, 0, number, stamp, "stdout", 0, "", f"{TEXT} {number:>6}")
        for number in range(first, first + BATCH)
    ]


def _copy(cursor: object, rows: list[tuple[object, ...]]) -> None:
    with cursor.copy(f"COPY tasklog_tasklogline ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _executemany(cursor: object, rows: list[tuple[object, ...]]) -> None:
    marks = ", ".join(["%s"] * 10)
    cursor.executemany(f"INSERT INTO tasklog_tasklogline ({COLUMNS}) VALUES ({marks})", rows)


if __name__ == "__main__":
    main(sys.argv[1:] or ["sqlite", *(["postgres"] if has_postgres() else [])])
