"""Text as people and most programs write it: a time, a level, a logger, in any of their orders."""

from __future__ import annotations

import re
from typing import Any

from tasklog.sources.levels import OF_NAME, WORDS
from tasklog.sources.parsers import Parsed
from tasklog.sources.times import leading

_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_LEVEL = rf"\[?(?P<level>{_WORD})\b\]?"
# What is between brackets after the time: a thread, a process.
_THREAD = r"(?:\[[^\]\[]{0,60}\]\s{0,4})?"
_NAME = r"[A-Za-z_][\w$-]{0,60}(?:[./][\w$-]{1,60}){0,12}"
_HEADS = tuple(
    re.compile(head, re.IGNORECASE)
    for head in (
        # INFO/MainProcess] message, after Celery's [time:
        rf"[\s:]{{0,3}}(?P<level>{_WORD})/[\w.-]{{1,60}}\]\s?",
        # - orders.import - ERROR - message
        rf"\s?[-|]\s(?P<name>{_NAME})\s[-|]\s{_LEVEL}\s?(?:[-|:]\s?)?",
        # [thread] ERROR orders.import - message      INFO orders.import: message      INFO message
        rf"\]?\s{{0,4}}[-:|,]?\s{{0,4}}{_THREAD}{_LEVEL}\s{{0,8}}{_THREAD}[-:|]?\s{{0,4}}"
        rf"(?:(?P<name>{_NAME})(?::\s|\s[-:]\s))?",
    )
)
# logging.basicConfig: ERROR:orders.import:message
_BASIC = re.compile(r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<name>[\w.-]{1,100}):")
_GLOG = re.compile(r"([DIWEF])(?=\d{4} \d{2}:\d{2}:)")
_ANY_LEVEL = re.compile(
    r"^\W{0,3}(DEBUG|INFO|WARN(?:ING)?|ERROR|CRIT(?:ICAL)?|FATAL)\b", re.IGNORECASE
)
# The level is looked for near the beginning only.
NEAR = 200


class PlainText:
    """Reads every line that begins with a time or a level."""

    name = "plain"

    def __init__(self, memory: dict[str, Any]) -> None:
        self.memory = memory

    def parse(self, text: str) -> Parsed | None:
        start = 1 if text[:1] in "[(" else 0
        letter = _GLOG.match(text)
        time = leading(text[start:NEAR]) if letter is None else leading(text[1:NEAR])
        if time is None:
            return _basic(text) or _access(text)
        place = time[1] + (start if letter is None else 1)
        if letter:
            return Parsed(time[0], OF_NAME[letter[1].lower()], "", text[place:].lstrip())
        return _headed(text, time[0], place)


def _headed(text: str, at: int, place: int) -> Parsed:
    for head in _HEADS:
        if found := head.match(text, place):
            parts = found.groupdict()
            name = parts.get("name") or ""
            end = found.end()
            if name and not _is_logger(name):
                name, end = "", found.start("name")
            return Parsed(at, OF_NAME[parts["level"].lower()], name, text[end:])
    return Parsed(at, 0, "", text[place:].lstrip(" ]:|-"))


def _is_logger(name: str) -> bool:
    """`orders.import` and `celery` are loggers; `ValueError` and `Warning` begin a message."""
    return name.islower() or ("." in name and "Error" not in name and "Exception" not in name)


def _basic(text: str) -> Parsed | None:
    found = _BASIC.match(text)
    if found is None:
        return None
    return Parsed(None, OF_NAME[found["level"].lower()], found["name"], text[found.end() :])


def _access(text: str) -> Parsed | None:
    """A web server's access log has its time in brackets, after the address and the user."""
    start = text.find(" [", 0, NEAR)
    time = leading(text[start + 2 : start + 40]) if start > 0 else None
    return Parsed(time[0], 0, "", text) if time else None


def level_in(text: str) -> int:
    """The level a text begins with; 0 for none."""
    found = _ANY_LEVEL.match(text)
    return OF_NAME[found[1].lower()] if found else 0
