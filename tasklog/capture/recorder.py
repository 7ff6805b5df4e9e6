"""What a task said below its loggers' levels, kept in memory and written only if it fails.  WORKER.

Opt-in: `CELERY_TASKLOG_RECORDER` says how many of the newest lines of each attempt are kept.  They
are masked as they come, because a key of many lines may lose its beginning while it waits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from tasklog.capture import redact
from tasklog.capture.scan import suspicious
from tasklog.line import LOG, RECORDED, SYSTEM
from tasklog.spool.record import CODES, encode_line, line_prefix

if TYPE_CHECKING:
    from tasklog.capture.attempt import Attempt

# The texts of one attempt together (characters).
SIZE = 256 << 10
# Lines of one attempt; set when `below` is installed.  0: nothing is recorded.
most = 0

_LOG, _SYSTEM = CODES[LOG], CODES[SYSTEM]


class Kept(NamedTuple):
    """A line that waits; `at` in microseconds since 1970."""

    at: int
    code: str
    level: int
    logger: str
    text: str


class Recorder:
    """The newest lines of one attempt, from all its threads."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._kept: deque[Kept] = deque()
        self._size = self._gone = 0
        self._mask = redact.Masker()

    def keep(self, level: int, logger: str, lines: Iterable[str]) -> None:
        at = _now()
        with self._lock:
            for line in lines:
                text = line
                if self._mask.watchful or suspicious(line):
                    text = self._mask(_LOG, line)
                self._kept.append(Kept(at, _LOG, level, logger, text))
                self._size += len(text)
            while len(self._kept) > most or self._size > SIZE:
                self._size -= len(self._kept.popleft().text)
                self._gone += 1

    def write(self, attempt: Attempt) -> None:
        """Writes them as a group of their own, each with its time; then it is empty.

        No receipt counts them: the attempt's own lines are numbered apart.
        """
        with self._lock:
            kept, self._kept, self._size = self._kept, deque(), 0
        if not kept:
            return
        prefix = line_prefix(attempt.task_id, attempt.hex, RECORDED)
        for seq, (at, code, level, logger, text) in enumerate(self._group(kept), 1):
            data = encode_line(prefix, seq, at, code, level, logger, text)
            if not attempt.sink.append(data, line=True):
                return

    def _group(self, kept: deque[Kept]) -> Iterator[Kept]:
        count = len(kept)
        name = (
            f"Recorder: {count:,} line{'s' if count > 1 else ''} below the level, before it failed"
        )
        if self._gone:
            name += f" ({self._gone:,} older ones were not kept)"
        yield Kept(_now(), _SYSTEM, 0, "", f"::group::{name}")
        yield from kept
        yield Kept(_now(), _SYSTEM, 0, "", "::endgroup::")


def _now() -> int:
    return time.time_ns() // 1000
