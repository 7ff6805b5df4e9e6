"""Stored lines after a cursor, in bulk and without the ORM's price.  WORKER."""

from __future__ import annotations

from django.db import connection

from tasklog.insights.fingerprint import LONGEST
from tasklog.line import RECORDED
from tasklog.models import TaskLogLine

# Characters of a line that are kept as a pattern's example, and looked at for its template.
CUT = max(LONGEST, 1000)
_SECONDS = {
    "sqlite": "CAST(strftime('%%s', substr(timestamp, 1, 19)) AS INTEGER)",
    "postgresql": "floor(extract(epoch FROM timestamp))::bigint",
}


# id, task id, number, second since 1970, level, message.  A plain tuple: there are millions.
Row = tuple[int, str, int, int, int, str]


def read_after(position: int, upto: int, limit: int) -> list[Row]:
    """At most `limit` lines with position < id ≤ upto, in order; not those of a recorder, which are
    no news although only runs that fail have them.
    """
    table = connection.ops.quote_name(TaskLogLine._meta.db_table)
    second = _SECONDS.get(connection.vendor, _SECONDS["postgresql"])
    sql = (
        f"SELECT id, task_id, number, {second}, level, substr(message, 1, {CUT}) FROM {table}"  # noqa: S608
        " WHERE id > %s AND id <= %s AND origin <> %s ORDER BY id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [position, upto, RECORDED, limit])
        rows: list[Row] = cursor.fetchall()
    return rows
