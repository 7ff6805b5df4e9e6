"""Writes lines the fast way: COPY on PostgreSQL, executemany elsewhere.

The values are those Django itself would write, so rows of both ways compare equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from django.db import connection

from tasklog.models import TaskLogLine

if TYPE_CHECKING:
    from tasklog.drain.book import Segment

_COLUMNS = (
    "task_id", "number", "attempt_id", "origin", "seq",
    "timestamp", "stream", "level", "logger", "message",
)  # fmt: skip
# What COPY's text form gives a meaning of its own.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert_lines(segments: Iterable[Segment]) -> None:
    """Writes the lines of these segments; their attempts must have been saved."""
    if connection.vendor == "postgresql":
        _copy(segments)
        return
    table = connection.ops.quote_name(TaskLogLine._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(name) for name in _COLUMNS)
    marks = ", ".join(["%s"] * len(_COLUMNS))
    with connection.cursor() as cursor:
        for segment in segments:
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
                cast("Any", _values(segment)),  # any iterable will do
            )


def _values(segment: Segment) -> Iterator[tuple[Any, ...]]:
    task_id = segment.task_id
    attempt = segment.attempt.pk if segment.attempt else None
    number = segment.first
    for _, _, origin, seq, at, stream, level, logger, message in segment.records:
        second, micro = divmod(at, 1_000_000)
        # As str(datetime) has it: no fraction where there is none.
        time = f"{_second(second)}.{micro:06d}" if micro else _second(second)
        yield task_id, number, attempt, origin, seq, time, stream, level, logger, message
        number += 1


def _copy(segments: Iterable[Segment]) -> None:
    table = connection.ops.quote_name(TaskLogLine._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(name) for name in _COLUMNS)
    with (
        connection.wrap_database_errors,  # Django's cursor passes `copy` through unwrapped
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for segment in segments:
            copy.write("".join(_copy_lines(segment)))


def _copy_lines(segment: Segment) -> Iterator[str]:
    task_id = segment.task_id.translate(_ESCAPES)
    attempt = segment.attempt.pk if segment.attempt else "\\N"
    number = segment.first
    for _, _, origin, seq, at, stream, level, logger, message in segment.records:
        second, micro = divmod(at, 1_000_000)
        if "\\" in message or "\t" in message or "\r" in message or "\n" in message:
            message = message.translate(_ESCAPES)  # noqa: PLW2901
        if logger and not logger.isalnum():
            logger = logger.translate(_ESCAPES)  # noqa: PLW2901
        yield (
            f"{task_id}\t{number}\t{attempt}\t{origin}\t{seq}\t{_second(second)}.{micro:06d}+00"
            f"\t{stream}\t{level}\t{logger}\t{message}\n"
        )
        number += 1


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    """`2026-11-21 07:05:09`: lines of the same second share the text."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
