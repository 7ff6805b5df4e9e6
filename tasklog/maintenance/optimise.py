"""Gives the database what makes it quick: fresh statistics, freed pages.  WORKER.

Nothing here holds a lock that a writer waits for: no VACUUM, no rewrite of a table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connection

# Rows that ANALYZE reads of each index on SQLite: more changes no plan.
ANALYSED = 1000
# Free pages given back in one run, 4 KiB each.
PAGES = 2000


def optimise(tell: Callable[[str, float], None]) -> int:
    """Does each step and tells it with its seconds; how many there were."""
    steps = list(_sqlite() if connection.vendor == "sqlite" else _analyses())
    if connection.vendor not in ("sqlite", "postgresql"):
        steps = []
    for step in steps:
        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(step)
            if cursor.description:
                cursor.fetchall()
        tell(step, time.perf_counter() - began)
    return len(steps)


def our_tables() -> list[str]:
    """The tables of every installed room."""
    ours = (model for model in apps.get_models() if model._meta.app_label.startswith("tasklog"))
    there = set(connection.introspection.table_names())
    return sorted({model._meta.db_table for model in ours} & there)


def _sqlite() -> Iterator[str]:
    yield f"PRAGMA analysis_limit = {ANALYSED}"
    yield from _analyses()
    yield "PRAGMA optimize"
    if _value("PRAGMA auto_vacuum") == 2:
        yield f"PRAGMA incremental_vacuum({PAGES})"
    # Passive: takes what it can without waiting for anybody.
    yield "PRAGMA wal_checkpoint(PASSIVE)"


def _analyses() -> Iterator[str]:
    for table in our_tables():
        yield f"ANALYZE {connection.ops.quote_name(table)}"


def _value(pragma: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(pragma)
        return int(cursor.fetchone()[0])
