"""A line in plain words: its kind, its text without the terminal's sequences.  BOTH."""

from __future__ import annotations

import logging
import re
from functools import lru_cache

from tasklog.line import LOG, STDERR, STDOUT, SYSTEM

# CSI sequences, OSC and other strings (unfinished ones too), then any other escape.  Nothing in it
# can backtrack: a hostile line of 256 KiB costs milliseconds.
ESCAPE = re.compile(
    r"\x1b++(?:\[([0-?]*+)[ -/]*+(?:([@-~])|$)|[\]PX^_][^\x07\x1b]*+(?:\x07|\x1b\\)?|[ -~])?"
)
_WORDS = {STDOUT: "out", STDERR: "err", SYSTEM: "sys"}
_LEVELS = (
    (logging.CRITICAL, "crit"), (logging.ERROR, "error"), (logging.WARNING, "warn"),
    (logging.INFO, "info"), (1, "debug"),
)  # fmt: skip


@lru_cache(maxsize=256)
def kind_of(stream: str, level: int) -> str:
    """The short word of a line: out, err, sys, or its level."""
    if stream == LOG or level >= logging.WARNING:
        return next((word for least, word in _LEVELS if level >= least), "log")
    return _WORDS.get(stream, "out")


def strip(text: str) -> str:
    """The text without any escape sequence."""
    return ESCAPE.sub("", text) if "\x1b" in text else text
