"""The few names that many runs share, so that a part of a name is looked for in a short list.

WEB.  A million runs have some hundred task names; each costs one step down the index.
"""

from __future__ import annotations

from django.db import connections
from django.db.models import Q

from tasklog.models import TaskRun
from tasklog.search.terms import RunName, RunTerm

# More different names than this are not listed; the condition then sifts run by run.
MOST = 1_000
_DISTINCT = """
WITH RECURSIVE names(name, n) AS (
  SELECT (SELECT min({column}) FROM {table}), 1
  UNION ALL
  SELECT (SELECT min(t.{column}) FROM {table} t WHERE t.{column} > names.name), n + 1
  FROM names WHERE name IS NOT NULL AND n <= {most}
) SELECT name FROM names WHERE name IS NOT NULL
"""


def in_full(terms: list[tuple[RunTerm, bool]]) -> Q:
    """`task:import` as `name IN (…)`, which an index answers."""
    found = Q()
    for what, negated in terms:
        if isinstance(what, RunName) and not what.whole:
            names = _distinct(what.column)
            if len(names) <= MOST:
                kept = [name for name in names if what.matches(name) != negated]
                found &= Q(**{f"{what.column}__in": kept})
    return found


def _distinct(column: str) -> list[str]:
    connection = connections[TaskRun.objects.db]
    quote = connection.ops.quote_name
    sql = _DISTINCT.format(column=quote(column), table=quote(TaskRun._meta.db_table), most=MOST)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [name for (name,) in cursor.fetchall()]
