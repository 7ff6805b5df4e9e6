"""Search over the lines of all runs: `python -m bench.search [--lines N] [--postgres URL]`.

Makes a private database with N lines of many runs (SQLite in a temporary folder, or a PostgreSQL
database that is created for it and dropped afterwards), then times first pages of `find`: a
rare word, a common one, none at all, a pattern, a task's runs; on PostgreSQL also with the
trigram index.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

RUNS_OF = 1_000  # lines in a run
HALF_DAY = 12 * 3600
RARE = "A-77131-needle"
QUERIES = (
    ("a rare word", RARE),
    ("a word that is nowhere", "nowhere-at-all"),
    ("a common word", "batch"),
    ("errors", "level:error"),
    ("a pattern", r"/A-7+.*-needle took/"),
    ("a rare word in one task of 20", f"task:tasks.t7 {RARE}"),
    ("a rare word, last hour", f"after:1h {RARE}"),
)


# Line n of the table: its run, number and moment follow from n; some n hold the rare word.
FILL = """
INSERT INTO tasklog_tasklogline
  (task_id, number, origin, seq, timestamp, stream, level, logger, message)
SELECT {task}, n % {runs_of} + 1, 0, n, {moment}, 'log', CASE WHEN n % 1999 = 7 THEN 40 ELSE 20 END,
  'orders.pricing', 'batch ' || n || ' of {lines} saved ' || (n * 7919 % 50) || ' orders '
  || CASE WHEN n % {rare_every} = {rare_every} / 2 THEN '{rare}' ELSE {noise} END || ' took 12.4 ms'
FROM {series}
"""
SQLITE = {
    "task": "printf('%08x-run', n / {runs_of} * 2654435761 % 4294967296)",
    "moment": "strftime('%Y-%m-%d %H:%M:%f', {start} + n * {step}, 'unixepoch')",
    "noise": "hex(randomblob(12))",
    "series": "(WITH RECURSIVE s(n) AS"
    " (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {lines} - 1) SELECT n FROM s)",
}
POSTGRESQL = {
    "task": "lpad(to_hex(n / {runs_of} * 2654435761 % 4294967296), 8, '0') || '-run'",
    "moment": "to_timestamp({start} + n * {step})",
    "noise": "substr(md5(n::text), 1, 24)",
    "series": "generate_series(0::bigint, {lines} - 1) n",
}


def fill(lines: int) -> None:
    """Half a day of lines; 7 of them hold the rare word."""
    from django.db import connection

    numbers = {
        "lines": lines, "runs_of": RUNS_OF, "rare": RARE, "rare_every": lines // 7 + 1,
        "start": time.time() - HALF_DAY, "step": HALF_DAY / lines,
    }  # fmt: skip
    own = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    sql = FILL.format(**numbers, **{name: part.format(**numbers) for name, part in own.items()})
    with connection.cursor() as cursor:
        # Without parameters: `%` is then an operator, not a place for a value.
        cursor.execute(sql)
    _fill_runs(lines, numbers["start"])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if own is POSTGRESQL else "ANALYZE")


def _fill_runs(lines: int, start: float) -> None:
    from tasklog.models import TaskRun

    def run(n: int) -> TaskRun:
        at = datetime.fromtimestamp(start + n * RUNS_OF * HALF_DAY / lines, UTC)
        return TaskRun(
            task_id=f"{n * 2654435761 % 4294967296:08x}-run", name=f"tasks.t{n % 20}",
            state="SUCCESS", queue="default", worker="w1", created_at=at, started_at=at,
            finished_at=at + timedelta(seconds=8), line_count=RUNS_OF,
        )  # fmt: skip

    TaskRun.objects.bulk_create(map(run, range(lines // RUNS_OF)), batch_size=500)


def timed(work: Callable[[], object], times: int = 5) -> tuple[float, float, object]:
    """First and median time in milliseconds, and the last result."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        result = work()
        took.append((time.perf_counter() - began) * 1000)
    return took[0], statistics.median(took), result


def measure(title: str) -> None:
    from tasklog.search.find import find
    from tasklog.search.query import parse

    print(f"\n{title}\n{'':32}{'first':>9} {'median':>9}  found")
    for said, text in QUERIES:
        first, median, found = timed(lambda text=text: find(parse(text), None))
        looked = "all" if found.looked_at is None else f"{found.looked_at:,}"
        rest = "" if not found.cursor else ", goes on"
        print(f"{said:32}{first:6.0f} ms {median:6.0f} ms  {found.count} in {looked} lines{rest}")


def pages(text: str) -> None:
    """How long it takes to click through to the very end."""
    from tasklog.search.find import find
    from tasklog.search.query import parse

    began, count, clicks, cursor = time.perf_counter(), 0, 0, ""
    while clicks == 0 or cursor:
        found = find(parse(text), None, cursor)
        cursor, count, clicks = found.cursor, count + found.count, clicks + 1
    took = time.perf_counter() - began
    print(f"every match of {text!r}: {count} on {clicks} pages in {took:.1f} s")


def whole(text: str) -> None:
    """How long one page takes that has all the time it wants; a busy machine counts less in CPU."""
    from tasklog.search.find import find
    from tasklog.search.query import parse

    began, cpu = time.perf_counter(), time.process_time()
    find(parse(text), None, seconds=600)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{text!r} in all lines without a budget: {took:.2f} s, {cpu:.2f} s of CPU in here")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--postgres", help="a server to make a database on")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tl-search-"))
    os.environ |= {"TASKLOG_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "project.settings"}
    os.environ["DATABASE_URL"] = _own(asked.postgres) if asked.postgres else ""
    try:
        _run(asked.lines)
    finally:
        if asked.postgres:
            _admin(asked.postgres, "DROP DATABASE IF EXISTS tl_search WITH (FORCE)")
        shutil.rmtree(folder)


def _run(lines: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tasklog.search import trigram

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    fill(lines)
    print(f"{lines:,} lines on {connection.display_name} in {time.perf_counter() - began:.0f} s")
    measure("no text index")
    pages(RARE)
    whole(RARE)
    if connection.vendor == "postgresql":
        began = time.perf_counter()
        trigram.create()
        size = trigram.status().size_bytes / 2**20
        print(f"\ntrigram index: {size:,.0f} MiB in {time.perf_counter() - began:.0f} s")
        measure("with the trigram index")
    connection.close()


def _own(server: str) -> str:
    _admin(server, "CREATE DATABASE tl_search")
    return urlunsplit(urlsplit(server)._replace(path="/tl_search"))


def _admin(server: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql)


if __name__ == "__main__":
    sys.exit(main())
