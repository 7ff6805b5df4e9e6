"""What no database must be given: NUL, lone surrogates, names longer than their column."""

from __future__ import annotations

from typing import Any

from tasklog.spool.record import LineRecord

NAME_LENGTH = 255
_HIGHEST_LEVEL = 32_767


def clean(value: Any) -> str:
    """The value as text that every database stores and finds again; None is ''."""
    text = "" if value is None else str(value)
    if "\0" in text:
        # PostgreSQL refuses it, SQLite's LIKE stops at it.
        text = text.replace("\0", "␀")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def name(value: Any, length: int = NAME_LENGTH) -> str:
    """The same for a column of limited length."""
    text = clean(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def is_tidy(line: LineRecord) -> bool:
    """True for nearly every line: it can be stored as it is."""
    return (
        "\0" not in line.message
        and 0 <= line.level <= _HIGHEST_LEVEL
        and len(line.logger) <= NAME_LENGTH
        and len(line.task_id) <= NAME_LENGTH
    )


def tidy(line: LineRecord) -> LineRecord:
    """The line as it can be stored."""
    return line._replace(
        task_id=name(line.task_id),
        level=min(max(line.level, 0), _HIGHEST_LEVEL),
        logger=name(line.logger),
        message=clean(line.message),
    )


def tidied(value: Any) -> Any:
    """The same for what JSON holds: every text in it, names of keys too."""
    if isinstance(value, dict):
        return {name(key): tidied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tidied(item) for item in value]
    return name(value) if isinstance(value, str) else value
