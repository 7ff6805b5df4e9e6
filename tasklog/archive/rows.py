"""Lines that are still rows, read as `Line` without building a model object each.  BOTH."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db.models import BigIntegerField, F, Func, Value
from django.db.models.functions import Coalesce, Left

from tasklog.line import Line, made
from tasklog.querysets import LineQuerySet

_message = attrgetter("message")
# Rows read before anything is known of their size.
PART = 500
# Rows the driver hands over at a time.
FETCHED = 5_000


class _AsItComes(Func):
    """An expression whose whole numbers the driver makes already.

    Django would turn each into an `int` once more, and rebuild every row for it: a third of the
    time a window takes.
    """

    def get_db_converters(self, connection: Any) -> list[Any]:
        return []


class Microseconds(_AsItComes):
    """A timestamp as whole microseconds since 1970 UTC, computed by the database.

    Four times as fast as parsing SQLite's text in Python, and exact: no float is involved.
    """

    output_field = BigIntegerField()
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Whole seconds by julianday, which is exact there: strftime('%s') would round up, and
        # its percent sign does not survive every way a query is run.
        day = "julianday(substr(%(expressions)s, 1, 19)) - 2440587.5"
        whole = f"CAST(ROUND(({day}) * 86400) AS INTEGER) * 1000000"
        rest = "CAST(substr(%(expressions)s, 21, 6) AS INTEGER)"
        return self.as_sql(compiler, connection, template=f"({whole} + {rest})", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "CAST(UNIX_TIMESTAMP(%(expressions)s) * 1000000 AS SIGNED)"
        return self.as_sql(compiler, connection, template=template, **extra)


class _Number(_AsItComes, Coalesce):
    """The attempt's number; the first one's where a line has no attempt."""


# In the order of `Line`'s fields.
COLUMNS = (
    F("number"),
    Microseconds("timestamp"),
    F("stream"),
    F("level"),
    F("logger"),
    F("message"),
    _Number(F("attempt__number"), Value(1)),
    F("origin"),
    F("seq"),
)


def lines_of(queryset: LineQuerySet, cut: int | None = None) -> list[Line]:
    """The queryset's lines, all at once: ask for a bounded window.

    With `cut` a message ends after so many characters, and the rest does not leave the database.
    """
    columns = COLUMNS if cut is None else _cut(cut)
    compiler = queryset.values_list(*columns).query.get_compiler(queryset.db)
    # By itself Django would fetch a hundred rows at a time.
    return list(map(made, chain.from_iterable(compiler.execute_sql(chunk_size=FETCHED))))


def first_lines(queryset: LineQuerySet, after: int, most: int, weight: int) -> list[Line]:
    """The run's first lines behind number `after`, at most `most` and about `weight` characters of
    text; none is left out.

    A message may have a quarter of a megabyte, so `most` alone would bound no memory: the rows are
    read in parts, each as large as the ones before let expect.
    """
    lines: list[Line] = []
    part, weighed = PART, 0
    while (part := min(part, most - len(lines))) > 0:
        read = next_lines(queryset, lines[-1].number if lines else after, part)
        lines += read
        weighed += chars_of(read)
        if len(read) < part or weighed >= weight:
            break
        part = min(4 * part, max(1, (weight - weighed) * len(lines) // max(weighed, 1)))
    return lines


def chars_of(lines: Iterable[Line]) -> int:
    """How much text the messages are."""
    return sum(map(len, map(_message, lines)))


def next_lines(queryset: LineQuerySet, after: int, limit: int) -> list[Line]:
    """The first `limit` lines of one run behind number `after`."""
    found = queryset.after(after).order_by("number")
    return next_numbers(queryset, after, limit) or lines_of(found[:limit])


def next_numbers(
    queryset: LineQuerySet, after: int, limit: int, cut: int | None = None
) -> list[Line]:
    """The rows of the next `limit` numbers of one run, if each of them is one; else nothing.

    Numbers are dense, so these are nearly always a window's lines.  Asking for just these keeps a
    database that knows nothing of the table yet (PostgreSQL before its first ANALYZE) from
    sorting the rest of the log: 75 ms instead of 1 at 100,000 rows.
    """
    near = queryset.after(after).before(after + limit + 1).order_by("number")
    lines = lines_of(near, cut)
    return lines if len(lines) == limit else []


def _cut(length: int) -> tuple[Any, ...]:
    """The columns with the message's beginning in its place."""
    start = Left("message", length)
    return tuple(start if column == F("message") else column for column in COLUMNS)
