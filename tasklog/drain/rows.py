"""Rows in bulk without the ORM's price: it builds its SQL anew for each query (300 µs).

A drainer repeats the same five statements many times a second, so their parts are made once per
model.  Values pass through the fields' own adapters and converters, so nothing differs from what
Django would read and write.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, partial
from typing import Any, cast

from django.db import connection
from django.db.models import AutoField, Field, Model

# Fields whose Python value is not what the driver takes.
_ADAPTED = ("UUIDField", "JSONField")


class Table:
    """A model's columns and how their values travel."""

    def __init__(self, model: type[Model]) -> None:
        quote = connection.ops.quote_name
        fields = model._meta.concrete_fields
        self.name = quote(model._meta.db_table)
        self.key = str(cast("Any", model._meta.pk).attname)
        self.columns = {field.attname: quote(str(field.column)) for field in fields}
        self.adapt = {field.attname: _adapter(field) for field in fields}
        self.convert = {field.attname: _converters(field) for field in fields}
        self.given = [field.attname for field in fields if not isinstance(field, AutoField)]

    def values(self, row: Model, names: Iterable[str]) -> list[Any]:
        """The row's values as the driver takes them."""
        adapt = self.adapt
        held = row.__dict__
        return [held[name] if (fit := adapt[name]) is None else fit(held[name]) for name in names]


def _adapter(field: Field[Any, Any]) -> Callable[[Any], Any] | None:
    kind = field.get_internal_type()
    if kind == "DateTimeField":
        # Without the field's checks: a drainer's dates are aware dates, several a run.
        return cast("Callable[[Any], Any]", connection.ops.adapt_datetimefield_value)
    if kind not in _ADAPTED:
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _converters(field: Field[Any, Any]) -> list[Callable[[Any], Any]]:
    column = field.get_col(field.model._meta.db_table)
    found = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    return [partial(_convert, converter, column) for converter in found]


def _convert(converter: Callable[..., Any], column: Any, value: Any) -> Any:
    return converter(value, column, connection)


@cache
def table(model: type[Model]) -> Table:
    return Table(model)


def select_rows[M: Model](
    model: type[M], by: str, keys: Sequence[str], *, lock: bool = False, without: Sequence[str] = ()
) -> list[M]:
    """The rows whose `by` is one of `keys`, in the order of `by`; `without`: columns left out."""
    if not keys:
        return []
    shape = table(model)
    names = [name for name in shape.columns if name not in without]
    chosen, given = _among(keys)
    column = shape.columns[by]
    sql = (
        f"SELECT {', '.join(shape.columns[name] for name in names)} FROM {shape.name}"  # noqa: S608
        f" WHERE {column} {chosen} ORDER BY {column}"
    )
    if lock and connection.features.has_select_for_update:
        sql += " FOR UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        found = cursor.fetchall()
    steps = [(place, fit) for place, name in enumerate(names) for fit in shape.convert[name]]
    return [_row(model, names, list(values), steps) for values in found]


def _among(keys: Sequence[str]) -> tuple[str, list[Any]]:
    """The condition, with all keys in one parameter: the same words however many they are.

    The driver of SQLite keeps the last 128 statements; one of each length took 100 MB.
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [list(keys)]
    if connection.vendor == "sqlite":
        return "IN (SELECT value FROM json_each(%s))", [json.dumps(keys)]
    return f"IN ({', '.join(['%s'] * len(keys))})", list(keys)


def _row[M: Model](
    model: type[M], names: list[str], values: list[Any], steps: list[tuple[int, Any]]
) -> M:
    for place, fit in steps:
        values[place] = fit(values[place])
    return model.from_db(connection.alias, names, values)


def insert_rows(model: type[Model], rows: Sequence[Model], *, unless_there: bool = False) -> int:
    """Inserts the rows; `unless_there`: but for those whose key exists.  How many it were."""
    if not rows:
        return 0
    shape = table(model)
    names = shape.given
    sql = (
        f"INSERT INTO {shape.name} ({', '.join(shape.columns[name] for name in names)})"  # noqa: S608
        f" VALUES ({', '.join(['%s'] * len(names))})"
    )
    if unless_there:
        sql += " ON CONFLICT DO NOTHING"
    return _execute(sql, [shape.values(row, names) for row in rows])


def update_rows(model: type[Model], rows: Iterable[tuple[Model, Collection[str]]]) -> None:
    """Writes the named columns of each row, rows with the same names together."""
    groups: dict[tuple[str, ...], list[Model]] = defaultdict(list)
    for row, names in rows:
        groups[tuple(sorted(names))].append(row)
    shape = table(model)
    for names, members in groups.items():
        settings = ", ".join(f"{shape.columns[name]} = %s" for name in names)
        key = shape.columns[shape.key]
        _execute(
            f"UPDATE {shape.name} SET {settings} WHERE {key} = %s",  # noqa: S608
            [shape.values(row, (*names, shape.key)) for row in members],
        )


def _execute(sql: str, rows: list[list[Any]]) -> int:
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(sql, rows[0])
        else:
            cursor.executemany(sql, rows)
        return int(cursor.rowcount)
