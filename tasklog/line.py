"""One line of output, as every room passes it on.  BOTH sides of the wire."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

STDOUT, STDERR, LOG, SYSTEM = "stdout", "stderr", "log", "system"
STREAMS = (STDOUT, STDERR, LOG, SYSTEM)

# The origin of lines that a recorder wrote when their attempt failed, at their own time.
RECORDED = -2

NO_LEVEL = 0
LEVELS = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    logging.WARNING: "WARNING",
    logging.ERROR: "ERROR",
    logging.CRITICAL: "CRITICAL",
}


class Line(NamedTuple):
    """A stored line.  `number` counts 1, 2, 3 … within its run, in the order of storing.

    A hole in the numbers is a place where lines were dropped on purpose (see the lines cap).
    `at` is microseconds since 1970-01-01 UTC, `level` a number of the logging module (0: none),
    `attempt` counts from 1 within the run, `origin` tells forks inside one attempt apart and
    `seq` counts the lines of one origin.
    """

    number: int
    at: int
    stream: str
    level: int
    logger: str
    message: str
    attempt: int
    origin: int
    seq: int


# `Line._make` without its look at the length, which takes as long as the rest of it.
made: Callable[[Iterable[Any]], Line] = partial(tuple.__new__, Line)


def level_name(level: int) -> str:
    """The name people know: INFO for 20, `Level 25` for a home-made one, '' for none."""
    if level == NO_LEVEL:
        return ""
    return LEVELS.get(level) or logging.getLevelName(level)
