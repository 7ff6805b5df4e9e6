"""Reading a large file into its run: lines a second, and the memory the worker takes.

The file is sent as a browser's would be, taken by `uploads` and read by the task of a real worker
into rows.  `python -m bench.sources [--lines N] [--format json|plain] [--gz] [sqlite|postgres]`;
1,000,000 lines of about 100 bytes by default, 10,000,000 are the gigabyte of the promise: 50,000
lines a second and 200 MB at most.  The parser alone says what storing costs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from bench.rig import Rig, cpu_seconds, has_postgres, rig, table, tree

# What a gigabyte needs more than the defaults allow.
ROOM = {
    "CELERY_TASKLOG_UPLOAD_MAX_BYTES": str(2**33),
    "CELERY_TASKLOG_UPLOAD_MAX_UNPACKED": str(2**34),
    "CELERY_TASKLOG_UPLOAD_BYTES_A_DAY": str(2**34),
    "LOG_LEVEL": "WARNING",
}
# So many are enough to know the parser: a million lines or so.
BLOCKS = 250


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock and of the worker's processes, the most memory of one of them (MB)."""

    clock: float
    cpu: float
    memory: float
    lines: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("json", "plain"), default="json")
    parser.add_argument("--gz", action="store_true", help="send it packed")
    parser.add_argument("database", nargs="*", default=["sqlite"])
    asked = parser.parse_args()
    database = asked.database[0]
    if database == "postgres" and not has_postgres():
        raise SystemExit("BENCH_POSTGRES names no server")
    with rig(database, **ROOM) as own:
        path = own.folder / ("big.log.gz" if asked.gz else "big.log")
        size = write(path, asked.lines, asked.format)
        took = read(own, path)
        check(took.lines, asked.lines)
        told(f"{database}: {took.lines:,} lines, {size / 1e6:,.0f} MB of {asked.format}", took)
        print(f"\nThe parser alone: {parse(path):,.0f} lines a second of CPU")


def told(title: str, took: Took) -> None:
    head = ("", "lines/s", "s", "must reach")
    table(title, [
        head,
        ("by the clock", f"{took.lines / took.clock:,.0f}", took.clock, "50,000"),
        ("of the worker's CPU", f"{took.lines / took.cpu:,.0f}", took.cpu, ""),
    ])  # fmt: skip
    print(f"\nMemory of the worker's child at the most: {took.memory:,.0f} MB; must reach 200")


def opened(path: Path, mode: str) -> IO[bytes]:
    packed = path.suffix == ".gz"
    return cast("IO[bytes]", gzip.open(path, mode, compresslevel=1) if packed else path.open(mode))


def write(path: Path, count: int, form: str) -> int:
    """A file of `count` lines, each a millisecond of the log apart; how many bytes it holds."""
    size = 0
    with opened(path, "wb") as file:
        for number in range(count):
            data = line(number, form)
            size += len(data)
            file.write(data)
    return size


def line(number: int, form: str) -> bytes:
    second, milli = divmod(number, 1000)
    at = f"2026-11-21T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{milli:03}"
    level = "ERROR" if number % 50 == 0 else "INFO"
    said = f"order {number} imported in {number % 97} ms"
    if form == "plain":
        return f"{at} {level} orders.import: {said}\n".encode()
    record = {"time": f"{at}Z", "level": level, "logger": "orders", "msg": said}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def read(own: Rig, path: Path) -> Took:
    """From the worker's first moment with the file to its last."""
    from tasklog.sources import uploads

    worker = own.worker()
    with path.open("rb") as file:
        upload = uploads.take(file, path.name, "bench")
    began, before = time.perf_counter(), cpu_seconds(worker)
    most = 0.0
    while upload.open:
        time.sleep(0.05)
        most = max(most, memory(worker))
        upload.refresh_from_db()
    clock, cpu = time.perf_counter() - began, cpu_seconds(worker) - before
    if upload.error:
        raise AssertionError(upload.error)
    own.stop(worker)
    return Took(clock, cpu, most, upload.summary["lines"])


def memory(worker: subprocess.Popen[bytes]) -> float:
    """The most that one of its processes ever held, in MB."""
    most = 0
    for pid in tree(worker.pid):
        with suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                most = max(most, int(found[1]))
    return most / 1024


def check(found: int, wanted: int) -> None:
    """Every line is a row of the run, numbered without a hole."""
    from django.db.models import Max, Min

    from tasklog.models import TaskLogLine
    from tasklog.sources.models import Upload

    rows = TaskLogLine.objects.filter(task=Upload.objects.get().run_id)
    ends: dict[str, Any] = rows.aggregate(first=Min("number"), last=Max("number"))
    if (found, rows.count(), ends) != (wanted, wanted, {"first": 1, "last": wanted}):
        raise AssertionError(f"{wanted:,} lines sent, {found:,} read; rows: {ends}")


def parse(path: Path) -> float:
    """Lines a second of CPU without a database."""
    from tasklog.sources.blocks import blocks
    from tasklog.sources.records import Records, Summary
    from tasklog.sources.sniff import parser_for, sniff

    began, summary = time.process_time(), Summary({})
    records: Records | None = None
    with opened(path, "rb") as file:
        for block in islice(blocks(file, 262_144), BLOCKS):
            if records is None:
                records = Records("x", parser_for(sniff(block.lines), {}), summary, {}, 0)
            records.read(block.lines)
    return summary.lines / (time.process_time() - began)


if __name__ == "__main__":
    main()
