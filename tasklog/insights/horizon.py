"""Up to which id every line is visible.  WORKER.

Ids are handed out before they are committed: a reader that goes by id alone passes a line whose
transaction ends later.  SQLite has one writer at a time, so there an id that is seen is safe.  On
PostgreSQL a transaction locks the table before it takes an id, so what was taken before a look is
safe as soon as those who held the lock then have ended.
"""

from __future__ import annotations

import time

from django.db import connection
from django.db.models import Max

from tasklog.models import TaskLogLine

# So long is waited for transactions in flight (seconds); a drainer's take milliseconds.
PATIENCE = 2.0
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation = %s::regclass AND pid <> pg_backend_pid()
"""


def horizon() -> int | None:
    """All lines up to this id can be read; None where somebody holds one back for too long."""
    newest: int = TaskLogLine.objects.order_by().aggregate(n=Max("pk"))["n"] or 0
    if connection.vendor != "postgresql":
        return newest
    waited_for, until = _writers(), time.monotonic() + PATIENCE
    while waited_for & _writers():
        if time.monotonic() > until:
            return None
        time.sleep(0.005)
    return newest


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [TaskLogLine._meta.db_table])
        return {row[0] for row in cursor.fetchall()}
