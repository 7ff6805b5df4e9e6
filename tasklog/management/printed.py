"""Lines as a terminal shows them: coloured where it may be, harmless everywhere.  HOST."""

from __future__ import annotations

import logging
import os
import re
import zlib
from datetime import UTC, datetime
from typing import IO, Any

from tasklog.line import STDERR, Line, level_name
from tasklog.models import TaskRun
from tasklog.states import BAD, State

# Codes of a hostile line must not reach the terminal; tab and colours may.
_CONTROL = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RESET = "\x1b[0m"
_DIM, _RED, _GREEN, _YELLOW = 2, 31, 32, 33
# Tags of runs side by side: neither red nor yellow, which mean something.
_TAGS = (36, 35, 34, 32, 96, 95, 94, 92)


class Printed:
    """Writes to a stream; `tags` puts the run before each line, `colours` None asks the stream."""

    def __init__(self, out: Any, *, colours: bool | None = None, tags: bool = False) -> None:
        self.out = out
        self.tags = tags
        self.coloured = coloured(out) if colours is None else colours

    def line(self, run: TaskRun, line: Line) -> None:
        at = datetime.fromtimestamp(line.at / 1_000_000, UTC)
        head = self._in(_DIM, f"{at:%H:%M:%S} {level_name(line.level):8}")
        self._write(run, f"{head} {self._text(line)}")

    def end(self, run: TaskRun, state: State, reason: str) -> None:
        words = f"— {state.label}" + (f": {_harmless(reason)}" if reason else "")
        self._write(run, self._in(_RED if state in BAD else _GREEN, words))

    def _write(self, run: TaskRun, text: str) -> None:
        tag = f"{tag_of(run)} " if self.tags else ""
        colour = _TAGS[zlib.crc32(run.task_id.encode()) % len(_TAGS)]
        self.out.write(self._in(colour, tag) + text)
        self.out.flush()

    def _text(self, line: Line) -> str:
        """A line's own colours end with it; a loud line without any is coloured as a whole."""
        text = _harmless(line.message)
        if not self.coloured:
            return _COLOUR.sub("", text)
        if "\x1b" in text:
            return text + _RESET
        return self._in(_colour_of(line), text)

    def _in(self, colour: int, text: str) -> str:
        return f"\x1b[{colour}m{text}{_RESET}" if self.coloured and colour and text else text


def coloured(out: IO[str]) -> bool:
    """Whether colours are welcome there (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and out.isatty()


def tag_of(run: TaskRun) -> str:
    """`import_feed 5f3c`: the last word of the task's name, the beginning of the id."""
    return _harmless(f"{run.name.rpartition('.')[2][:18]:18} {run.task_id[:4]}")


def _harmless(text: str) -> str:
    return _CONTROL.sub("�", text)


def _colour_of(line: Line) -> int:
    if line.stream == STDERR or line.level >= logging.ERROR:
        return _RED
    if line.level >= logging.WARNING:
        return _YELLOW
    return _DIM if 0 < line.level <= logging.DEBUG else 0
