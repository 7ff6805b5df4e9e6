"""How a line is written into a file: as text, as an object, as a record of a table.  WEB."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _json

from tasklog.line import Line, level_name
from tasklog.plain import kind_of, strip

# Seconds whose text is remembered.
SECONDS = 1024
# A cell that begins so would be a formula in a spreadsheet.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
# A cell with one of these stands in quotes.
_QUOTED = re.compile('[",\r\n]')
_NAMES = ("number", "time", "attempt", "stream", "level", "logger", "message")


@dataclass(frozen=True, slots=True)
class Format:
    """`write` is a line with its end; `owner` what a merged log has before it: whose line it is,
    of a task id, its branch, and the width of the widest branch.
    """

    content_type: str
    title: str
    write: Callable[[Line], str]
    owner: Callable[[str, str, int], str]
    # What stands at the top of the file.
    head: str = ""
    merged_head: str = ""
    # Characters of `write` that `owner` takes the place of.
    replaced: int = 0


class _Seconds(dict[int, str]):
    """The text of each second; a log says the same one many times over."""

    def __missing__(self, second: int) -> str:
        if len(self) >= SECONDS:
            self.clear()
        text = self[second] = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
        return text


_seconds = _Seconds()


def _time(at: int) -> str:
    return f"{_seconds[at // 1_000_000]}.{at % 1_000_000:06}Z"


def as_text(line: Line) -> str:
    _, at, stream, level, logger, message, _, _, _ = line
    if "\x1b" in message:
        message = strip(message)
    source = f"{logger}: " if logger else ""
    return f"{_time(at)} {kind_of(stream, level):<5} {source}{message}\n"


def as_object(line: Line) -> str:
    """Written by hand, around strings that `json` quotes: a third of the time of `json.dumps`."""
    number, at, stream, level, logger, message, attempt, _, _ = line
    return (
        f'{{"number": {number}, "time": "{_time(at)}", "attempt": {attempt}, "stream": "{stream}", '
        f'"level": {_json(level_name(level))}, "logger": {_json(logger)}, '
        f'"message": {_json(message)}}}\n'
    )


def as_record(line: Line) -> str:
    """One line of the file.  Only the last two cells hold what a task wrote.

    Written by hand: the `csv` module takes twice the time, and the other cells need no quotes.
    """
    number, at, stream, level, logger, message, attempt, _, _ = line
    name = _level(level)
    return f"{number},{_time(at)},{attempt},{stream},{name},{_cell(logger)},{_cell(message)}\r\n"


@lru_cache(maxsize=256)
def _level(level: int) -> str:
    """A home-made level may have any name."""
    return _cell(level_name(level))


def _cell(text: str) -> str:
    if text[:1] in _FORMULA:
        text = f"'{text}"
    return f'"{text.replace('"', '""')}"' if _QUOTED.search(text) else text


def _before_text(task_id: str, branch: str, width: int) -> str:
    return f"{branch:<{width}} "


def _before_object(task_id: str, branch: str, width: int) -> str:
    return f'{{"task_id": {json.dumps(task_id)}, "branch": {json.dumps(branch)}, '


def _before_record(task_id: str, branch: str, width: int) -> str:
    return f"{_cell(task_id)},{_cell(branch)},"


_HEAD = ",".join(_NAMES) + "\r\n"

FORMATS = {
    "txt": Format("text/plain", "plain text", as_text, _before_text),
    "jsonl": Format(
        "application/x-ndjson", "one object a line", as_object, _before_object, replaced=1
    ),
    "csv": Format(
        "text/csv", "for spreadsheets", as_record, _before_record,
        head=_HEAD, merged_head=f"task_id,branch,{_HEAD}",
    ),
}  # fmt: skip
# For the menus of the pages.
TITLES = [(name, one.title) for name, one in FORMATS.items()]
