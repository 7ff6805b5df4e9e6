"""Reading a large file into its run: lines a second of one core, and the memory it takes.

`python -m bench.sources [--lines N] [--format json|plain] [sqlite|postgres]`; 1,000,000 lines of
about 100 bytes by default, 10,000,000 are the gigabyte of the promise (50,000 lines a second and
200 MB at most).  The second figure is the parser alone, so the ratio says what storing costs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import time
from pathlib import Path

from bench.rig import has_postgres, rig


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("json", "plain"), default="json")
    parser.add_argument("database", nargs="*", default=["sqlite"])
    asked = parser.parse_args()
    database = asked.database[0]
    if database == "postgres" and not has_postgres():
        raise SystemExit("BENCH_POSTGRES names no server")
    with rig(database) as made:
        measure(database, made.folder / "big.log.gz", asked.lines, asked.format)


def measure(database: str, path: Path, count: int, form: str) -> None:
    from django.test import override_settings

    size = write(path, count, form)
    limits = {
        "CELERY_TASKLOG_UPLOAD_DIR": str(path.parent / "uploads"),
        "CELERY_TASKLOG_UPLOAD_MAX_BYTES": 2**33,
        "CELERY_TASKLOG_UPLOAD_MAX_UNPACKED": 2**34,
        "CELERY_TASKLOG_UPLOAD_BYTES_A_DAY": 2**34,
    }
    with override_settings(**limits):
        parsed = parse(path)
        stored, lines = store(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{database}: {lines:,} lines, {size / 1e6:,.0f} MB of {form}")
    print(f"  read into the run: {lines / stored:>10,.0f} lines/s ({stored:.1f} s)")
    print(f"  the parser alone:  {lines / parsed:>10,.0f} lines/s")
    print(f"  memory at the most: {peak:,.0f} MB")


def write(path: Path, count: int, form: str) -> int:
    """A file of `count` lines, each a second of the log apart; how many bytes it unpacks to."""
    size = 0
    with gzip.open(path, "wb", compresslevel=1) as file:
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
    return json.dumps(record).encode() + b"\n"


def parse(path: Path) -> float:
    from tasklog.sources.blocks import blocks
    from tasklog.sources.records import Records, Summary
    from tasklog.sources.sniff import parser_for, sniff

    began = time.process_time()
    records = None
    with gzip.open(path, "rb") as file:
        for block in blocks(file, 262_144):
            if records is None:
                records = Records("x", parser_for(sniff(block.lines), {}), Summary({}), {}, 0)
            records.read(block.lines)
    return time.process_time() - began


def store(path: Path) -> tuple[float, int]:
    from tasklog.sources import ingest, uploads
    from tasklog.sources.models import Upload

    uploads.queue = lambda upload: True  # type: ignore[assignment]
    with path.open("rb") as file:
        upload = uploads.take(file, "big.log.gz", "bench")
    began = time.process_time()
    ingest.process(upload.pk)
    spent = time.process_time() - began
    return spent, Upload.objects.get(pk=upload.pk).summary["lines"]


if __name__ == "__main__":
    main()
