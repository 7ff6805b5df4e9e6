"""The newest news of one watched run, shared by all its viewers.  WEB.

A viewer holds a cursor, not a queue: a thousand viewers cost one copy of the lines, and one that
is slow loses its place in the ring instead of growing a backlog (it then reads the database).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from tasklog.archive.only import Only
from tasklog.line import Line

# What a ring keeps: more than the 2,000 lines a page may fall behind, and never much memory.
RING_LINES = 10_000
RING_CHARS = 4 * 1024 * 1024
# Viewers are woken at most so often (seconds): a few lines at once soon, so that a line is on the
# screen as it is printed; a flood of more than MANY ten times a second, or tabs would freeze.
PACE, FLOOD_PACE = 0.03, 0.1
MANY = 100
# What a batch remembers of the things made of it.
MADE = 16


class Batch:
    """Lines that were stored together.  What is made of them is made once for all viewers."""

    __slots__ = ("_made", "lines")

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self._made: dict[Hashable, Any] = {}

    @property
    def first(self) -> int:
        return self.lines[0].number

    @property
    def last(self) -> int:
        return self.lines[-1].number

    def once[Made](self, key: Hashable, make: Callable[[Sequence[Line]], Made]) -> Made:
        """`make(lines)`, remembered under `key`."""
        made: Made | None = self._made.get(key)
        if made is None:
            if len(self._made) >= MADE:
                self._made.clear()
            made = self._made[key] = make(self.lines)
        return made

    def after(self, number: int) -> Batch | None:
        """This batch without the lines up to `number`; None when nothing is left."""
        if self.first > number:
            return self
        lines = [line for line in self.lines if line.number > number]
        return Batch(lines) if lines else None

    def only(self, wanted: Only) -> Batch | None:
        """This batch without the unwanted lines; made once for all viewers with this wish."""
        if wanted.everything:
            return self
        kept = self.once(wanted, lambda lines: Batch([x for x in lines if wanted.keeps(x)]))
        return kept if kept.lines else None


class Event:
    """News of the run that is no line: `state`, `progress`, `tail`, `end` or `quiet`."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: str, data: dict[str, Any]) -> None:
        self.kind = kind
        self.data = data


News = Batch | Event


class Ring:
    """Appended to by the hub, read by viewers through `since`."""

    def __init__(self) -> None:
        self.start = 0
        # The cursor of who has seen everything that viewers were woken for.
        self.told = 0
        self.last_number = 0
        self._items: deque[News] = deque()
        self._lines = self._chars = 0
        self._wake: asyncio.Event = asyncio.Event()
        self._waking: asyncio.TimerHandle | None = None
        self._awake_at = 0.0
        # Lines since the viewers were woken, and lines they were woken with.
        self._new_lines = self._told_lines = 0

    def append(self, news: News) -> None:
        self._items.append(news)
        if isinstance(news, Batch):
            self.last_number = max(self.last_number, news.last)
            self._new_lines += len(news.lines)
            self._weigh(news, 1)
        while self._lines > RING_LINES or self._chars > RING_CHARS:
            self._drop_oldest()
        self._wake_soon()

    def since(self, cursor: int) -> list[News] | None:
        """The news from `cursor` to `told`; None when some of them have left the ring."""
        if cursor < self.start:
            return None
        return [self._items[index - self.start] for index in range(cursor, self.told)]

    def wake(self) -> None:
        """Lets every waiting viewer look again, now."""
        if self._waking:
            self._waking.cancel()
        self.told = self.start + len(self._items)
        self._waking, self._told_lines = None, self._new_lines
        self._new_lines, self._awake_at = 0, time.monotonic()
        woken, self._wake = self._wake, asyncio.Event()
        woken.set()

    async def wait(self) -> None:
        """Returns when viewers are woken: there is news, or the watch changed."""
        await self._wake.wait()

    def _wake_soon(self) -> None:
        """At once after a silence, else when the pace allows: one timer for all viewers."""
        if self._waking:
            return
        pace = FLOOD_PACE if self._told_lines > MANY else PACE
        wait = self._awake_at + pace - time.monotonic()
        if wait > 0:
            self._waking = asyncio.get_running_loop().call_later(wait, self.wake)
        else:
            self.wake()

    def _weigh(self, news: Batch, sign: int) -> None:
        self._lines += sign * len(news.lines)
        self._chars += sign * sum(len(line.message) for line in news.lines)

    def _drop_oldest(self) -> None:
        oldest = self._items.popleft()
        self.start += 1
        self.told = max(self.told, self.start)
        if isinstance(oldest, Batch):
            self._weigh(oldest, -1)
