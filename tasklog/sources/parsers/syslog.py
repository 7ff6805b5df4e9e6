"""Syslog, the old form (RFC 3164, without a year) and the new one (RFC 5424).

<34>Oct 11 22:14:15 host su[1234]: message
<165>1 2026-10-11T22:14:15.003Z host app 1234 ID47 [data key="value"] message
"""

from __future__ import annotations

import re
from typing import Any

from tasklog.sources.levels import OF_SEVERITY
from tasklog.sources.parsers import Parsed
from tasklog.sources.parsers.plain_text import level_in
from tasklog.sources.times import leading, moment

_PRIORITY = re.compile(r"<(\d{1,3})>")
_NEW = re.compile(r"1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ?")
_TAG = re.compile(r" (\S{1,255}) ([^\s:\[\]]{1,64})(?:\[([^\]]{1,20})\])?:(?: |$)")


class Syslog:
    """Which of the two forms it is, each line says itself."""

    name = "syslog"

    def __init__(self, memory: dict[str, Any]) -> None:
        self.memory = memory

    def parse(self, text: str) -> Parsed | None:
        priority = _PRIORITY.match(text)
        level = OF_SEVERITY[int(priority[1]) & 7] if priority else 0
        rest = text[priority.end() :] if priority else text
        found = _new(rest) if priority and rest[:2] == "1 " else _old(rest)
        if found is None:
            return None
        at, logger, message = found
        return Parsed(at, level or level_in(message), logger, message)


def _new(rest: str) -> tuple[int | None, str, str] | None:
    head = _NEW.match(rest)
    if head is None:
        return None
    at = None if head[1] == "-" else moment(head[1])
    if at is None and head[1] != "-":
        return None
    said = rest[head.end() :].removeprefix("-").lstrip(" ")
    # Structured data stays in front of the message: nothing is thrown away.
    return at, _named(head[3]), said.removeprefix("\ufeff")


def _named(word: str) -> str:
    return "" if word == "-" else word


def _old(rest: str) -> tuple[int, str, str] | None:
    time = leading(rest)
    # Other programs' lines begin with a date and a space, syslog's with a month or with a T.
    if time is None or (rest[:1].isdecimal() and rest[10:11] != "T"):
        return None
    tag = _TAG.match(rest, time[1])
    return (time[0], tag[2], rest[tag.end() :]) if tag else None
