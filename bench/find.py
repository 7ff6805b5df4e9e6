"""Find in one long run: `python -m bench.find [--lines N] [--postgres]`.

A run of N lines in a private database: the page at its end, a jump into its middle, the count
of a rare and of a common word, the next match, the next error; as rows, then as chunks.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from bench.rig import rig, table

TASK = "00000000-0000-4000-8000-00000000f14d"
SMALL = "00000000-0000-4000-8000-00000000f14e"
RARE = "A-77131-needle"
FILL = """
INSERT INTO tasklog_tasklogline
  (task_id, attempt_id, number, origin, seq, timestamp, stream, level, logger, message)
SELECT '{task}', {attempt}, n, 0, n, {moment}, 'log', CASE WHEN n % 1999 = 7 THEN 40 ELSE 20 END,
  'orders.pricing', 'batch ' || n || ' of {lines} saved ' || (n * 7919 % 50) || ' orders '
  || CASE WHEN n % {every} = {every} / 2 THEN '{rare}' ELSE {noise} END || ' took 12.4 ms'
FROM {series}
"""
SQLITE = {
    "moment": "strftime('%Y-%m-%d %H:%M:%f', 1763700000 + n * 0.01, 'unixepoch')",
    "noise": "hex(randomblob(12))",
    "series": "(WITH RECURSIVE s(n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {lines}) SELECT n FROM s)",
}
POSTGRESQL = {
    "moment": "to_timestamp(1763700000 + n * 0.01)",
    "noise": "substr(md5(n::text), 1, 24)",
    "series": "generate_series(1::bigint, {lines}) n",
}


def fill(lines: int, task: str = TASK) -> None:
    """One run; 7 of its lines hold the rare word, one in 1999 is an error."""
    from django.db import connection

    from tasklog.models import TaskAttempt, TaskRun

    run = TaskRun.objects.create(
        task_id=task, name="bench.find", state="SUCCESS", line_count=lines,
        error_count=lines // 1999, counts={"log": lines},
    )  # fmt: skip
    attempt = TaskAttempt.objects.create(task=run, outcome="SUCCESS", stored=lines)
    own = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    words = {"task": task, "attempt": attempt.pk, "lines": lines, "rare": RARE}
    words |= {name: part.format(lines=lines) for name, part in own.items()}
    with connection.cursor() as cursor:
        # Without parameters: `%` is then an operator, not a place for a value.
        cursor.execute(FILL.format(every=lines // 7 + 1, **words))
        cursor.execute("VACUUM ANALYZE" if own is POSTGRESQL else "ANALYZE")


def measure(title: str, lines: int) -> None:
    """Server times of one signed-in reader, the database's and the templates' included."""
    get = reader()
    page, middle = f"/runs/{TASK}/", lines // 2
    asked = {
        "open a run of 1,000 lines": f"/runs/{SMALL}/",
        "open the page at its end": page,
        "go to a line in the middle": f"{page}lines/?line={middle}",
        "load an older window": f"{page}lines/?before={middle}",
        "find a rare word: all counted": f"{page}find/?find={RARE}&from=0",
        "find a word that is nowhere": f"{page}find/?find=nowhere-at-all&from=0",
        "find a common word": f"{page}find/?find=batch&from={middle}",
        "its next match": f"{page}find/?find=batch&from={middle}&counted=1",
        "next error": f"{page}find/?level=error&from={middle}&counted=1",
        "previous error": f"{page}find/?level=error&from={middle}&dir=previous&counted=1",
        "errors of a logger": f"{page}?level=error&logger=orders",
    }
    rows = [(said, *timed(get, url)) for said, url in asked.items()]
    table(f"{title}: {lines:,} lines, ms", [("", "median", "slowest"), *rows])


def reader() -> Callable[[str], bytes]:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get_or_create(username="ada", is_superuser=True)[0])

    def get(url: str) -> bytes:
        response = client.get(url)
        if response.status_code != 200:
            raise RuntimeError(f"{url}: {response.status_code}")
        return bytes(response.content)

    return get


def timed(work: Callable[[str], object], url: str, times: int = 7) -> tuple[float, float]:
    """The median and the slowest, in milliseconds."""
    work(url)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work(url)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), max(took)


def vacuum() -> None:
    """What PostgreSQL's autovacuum does within a minute or two of a large delete."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM tasklog_tasklogline")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    kind = "postgresql" if asked.postgres else "sqlite"
    with rig(kind, LOG_LEVEL="ERROR"):
        from tasklog.archive.archiving import archive_run
        from tasklog.models import TaskRun

        fill(1_000, SMALL)
        fill(asked.lines)
        measure(f"{kind}, rows", asked.lines)
        TaskRun.objects.update(state="STARTED", finished_at=None)
        measure(f"{kind}, rows, still running", asked.lines)
        TaskRun.objects.update(state="SUCCESS")
        archive_run(TASK)
        vacuum()
        measure(f"{kind}, archived", asked.lines)


if __name__ == "__main__":
    main()
