"""One JSON object a line, with the names that common loggers give its parts."""

from __future__ import annotations

import json
from typing import Any

from tasklog.sources.levels import level_of
from tasklog.sources.parsers import Parsed
from tasklog.sources.times import moment

TIMES = (
    "timestamp", "time", "@timestamp", "ts", "t", "asctime", "datetime", "date", "created",
    "eventTime", "created_at", "@t",
)  # fmt: skip
LEVELS = (
    "level", "levelname", "severity", "log.level", "lvl", "loglevel", "log_level", "levelno",
    "severityText", "priority", "@l",
)  # fmt: skip
LOGGERS = (
    "logger", "name", "logger_name", "loggerName", "log.logger", "module", "component", "service",
    "source",
)  # fmt: skip
MESSAGES = ("message", "msg", "event", "text", "body", "log", "@m", "@mt", "short_message")
# Texts of many lines, which follow the message as lines of their own.
TRACES = (
    "exc_info", "exc_text", "exception", "traceback", "stack", "stack_trace", "stacktrace",
    "error.stack_trace", "stack_info", "@x",
)  # fmt: skip
# Deeper or longer than any logger writes; the rest of the line is not shown then.
LONGEST = 4_000
# What `json.loads` asks after it has looked for blanks around the object.
_SCAN = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_NOTHING = object()
_TRACES = frozenset(TRACES)


class _Part:
    """A part of a record, and what this file calls it: the first line pays for the search."""

    __slots__ = ("name", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names, self.name = names, names[0]

    def take(self, found: dict[str, Any]) -> Any:
        if self.name in found:
            return found.pop(self.name)
        for name in self.names:
            if name in found:
                self.name = name
                return found.pop(name)
        return _NOTHING


class JsonLines:
    """Knows no line from another."""

    name = "json"

    def __init__(self, memory: dict[str, Any]) -> None:
        self.memory = memory
        self.time, self.level = _Part(TIMES), _Part(LEVELS)
        self.logger, self.message = _Part(LOGGERS), _Part(MESSAGES)

    def parse(self, text: str) -> Parsed | None:
        if text[:1] != "{":
            text = text.lstrip()
            if text[:1] != "{":
                return None
        try:
            found, end = _SCAN(text, 0)
        except (ValueError, RecursionError, StopIteration):
            return None
        if end != len(text) and not text[end:].isspace():
            return None
        return self.read(found)

    def read(self, found: dict[str, Any]) -> Parsed:
        """The parts of an object; what has no part of its own follows as `name=value`."""
        at = moment(self.time.take(found))
        raw_level = self.level.take(found)
        level = level_of(raw_level)
        if type(raw_level) is int and raw_level >= 10 and "pid" in found and "hostname" in found:
            level = max(raw_level - 10, 10)  # pino and bunyan count trace as 10, debug as 20
        logger = self.logger.take(found)
        message = self.message.take(found)
        said = "" if message is _NOTHING else _text(message)
        name = "" if logger is _NOTHING else _text(logger)
        if found:
            said = _with_rest(said, found)
        return Parsed(at, level, name, said)


def _with_rest(said: str, rest: dict[str, Any]) -> str:
    traces: list[str] = []
    if not _TRACES.isdisjoint(rest):
        traces = [_text(rest.pop(name)) for name in TRACES if rest.get(name)]
    pairs = " ".join([f"{name}={_value(value)}" for name, value in rest.items()])
    if len(pairs) > LONGEST:
        pairs = pairs[:LONGEST] + "…"
    line = f"{said}  {pairs}" if said and pairs else said or pairs
    return "\n".join((line, *traces)) if traces else line


def _value(value: Any) -> str:
    if type(value) is not str:
        return _text(value)
    plain = value and " " not in value and '"' not in value and "\n" not in value
    return value if plain else json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    """A text as it stands, a number as Python has it (which is what JSON has), else JSON."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    return str(value) if kind is int else json.dumps(value, ensure_ascii=False)
