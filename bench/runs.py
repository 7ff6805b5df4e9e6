"""The lists of runs and tasks, and the metrics, with 1,000,000 runs.

`python -m bench.runs [--runs N] [--postgres]`

Server time of one signed-in reader's page, the database's and the template's included: any filter,
any page.  Warm is what a second reader waits, cold what the first waits after the moment for
which counts are kept.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable

from bench.find import reader, timed
from bench.rig import rig, table

FILL = """
INSERT INTO tasklog_taskrun ({columns})
SELECT {values} FROM {series}
"""
# What is no default: one run in 50 failed, one in 400 runs still; 40 tasks, 4 queues, 12 workers.
STATE = (
    "CASE WHEN n % 400 = 1 THEN 'STARTED' WHEN n % 50 = 7 THEN 'FAILURE'"
    " WHEN n % 997 = 3 THEN 'LOST' ELSE 'SUCCESS' END"
)
SQLITE = {
    "task_id": "printf('%08x-0000-4000-8000-%012x', n * 2654435761 % 4294967296, n)",
    "moment": "strftime('%Y-%m-%d %H:%M:%f', {start} + {at}, 'unixepoch')",
    "series": "(WITH RECURSIVE s(n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {runs}) SELECT n FROM s)",
}
POSTGRESQL = {
    "task_id": "lpad(to_hex(n * 2654435761 % 4294967296), 8, '0') || '-0000-4000-8000-'"
    " || lpad(to_hex(n), 12, '0')",
    "moment": "to_timestamp({start} + {at})",
    "series": "generate_series(1::bigint, {runs}) n",
}
DAYS = 30


def fill(runs: int) -> None:
    """Thirty days of runs, the newest just now."""
    from django.db import connection

    from tasklog.models import TaskRun
    from tasklog.recount import recount

    own = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    step = DAYS * 86_400 / runs
    start = time.time() - DAYS * 86_400

    def moment(more: float) -> str:
        return own["moment"].format(start=start, at=f"n * {step} + {more}")

    values = _defaults(TaskRun) | {
        "task_id": own["task_id"],
        "name": "'shop.tasks.t' || (n % 40)",
        "state": STATE,
        "queue": "'q' || (n % 4)",
        "worker": "'celery@host-' || (n % 12)",
        "created_at": moment(0),
        "started_at": moment(0.2),
        "finished_at": f"CASE WHEN n % 400 = 1 THEN NULL ELSE {moment(4)} END",
        "line_count": "n % 800",
        "reason": "CASE WHEN n % 50 = 7 THEN 'ValueError: no price for ' || n ELSE '' END",
    }
    sql = FILL.format(
        columns=", ".join(values),
        values=", ".join(values.values()),
        series=own["series"].format(runs=runs),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute("VACUUM ANALYZE" if own is POSTGRESQL else "ANALYZE")
    recount()


def _defaults(model: type) -> dict[str, str]:
    """Every column that may not be NULL, as SQL."""
    import json

    found = {}
    for field in model._meta.concrete_fields:  # type: ignore[attr-defined]
        if field.null:
            continue
        value = field.get_default()
        if isinstance(value, (dict, list)):
            value = json.dumps(value)
        found[field.column] = repr(value) if not isinstance(value, bool) else str(value).upper()
    return found


def measure(title: str) -> None:
    """Each page warm and cold."""
    from tasklog import memo

    get = reader()

    def cold(url: str) -> object:
        memo.clear()
        return get(url)

    asked = _pages(get)
    rows = []
    for said, url in asked.items():
        (warm, _), (first, slowest) = timed(get, url), timed(cold, url)
        rows.append((said, warm, first, slowest))
    table(title, [("milliseconds", "warm", "cold", "slowest cold"), *rows])


def _pages(get: Callable[[str], bytes]) -> dict[str, str]:
    asked = {
        "the newest": "/",
        "failed": "/?state=failed",
        "running": "/?state=running",
        "one task": "/?task=shop.tasks.t7",
        "one task, failed": "/?task=shop.tasks.t7&state=failed",
        "queue and worker": "/?queue=q1&worker=celery@host-5",
        "last hour": "/?since=1h",
        "a text": "/?q=price",
        "a text that is nowhere": "/?q=nowhere-at-all",
        "the beginning of an id": "/?q=9e3779",
    }
    url = "/"
    for _ in range(20):
        links = re.findall(rb'href="([^"]*before=[^"]*)"', get(url))
        url = links[0].decode().replace("&amp;", "&")
        url = url if url.startswith("/") else f"/{url}"
    return asked | {
        "the 20th page": url,
        "the tasks": "/tasks/",
        "one task's page": "/tasks/shop.tasks.t7/",
        "for Prometheus": "/metrics",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    kind = "postgresql" if asked.postgres else "sqlite"
    with rig(kind, LOG_LEVEL="ERROR"):
        fill(asked.runs)
        measure(f"{kind}: {asked.runs:,} runs")


if __name__ == "__main__":
    main()
