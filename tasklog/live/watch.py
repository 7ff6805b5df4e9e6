"""One watched run: its ring, fed by messages and by looks into the database.  WEB."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from tasklog.archive.reader import read_lines
from tasklog.conf import KEEPALIVE_SECONDS
from tasklog.line import Line
from tasklog.live import stored
from tasklog.live.ring import Batch, Event, Ring

logger = logging.getLogger(__name__)

# How often a watched run is looked up: without Redis, and with it (seconds).
POLL_SECONDS = 0.4
CHECK_SECONDS = 5.0
# How long a viewer waits for the first look (seconds).
PLACE_SECONDS = 5.0
# One look brings at most this many lines, the newest; viewers read what lies before themselves.
LOOK_LINES = 2000


class Watch:
    """A run somebody looks at."""

    def __init__(self, task_id: str, topic: str) -> None:
        self.task_id = task_id
        self.topic = topic
        self.ring = Ring()
        self.viewers = 0
        self.live = False
        self.closed = False
        self._settled = asyncio.Event()
        self._placed = asyncio.Event()
        self._facts: stored.Facts | None = None
        self._looking: asyncio.Task[None] | None = None
        self._beating: asyncio.TimerHandle | None = None
        self._asking = asyncio.Lock()
        self._answer: asyncio.Task[stored.Facts | None] | None = None

    def open(self) -> None:
        self._looking = asyncio.create_task(self._keep_looking())
        self._beat_later()

    def close(self) -> None:
        """Ends the looking; viewers that are still here leave."""
        self.closed = True
        if self._looking:
            self._looking.cancel()
        if self._beating:
            self._beating.cancel()
        self.ring.wake()

    def set_live(self, live: bool) -> None:
        """Messages arrive (True), or the database is polled (False)."""
        self._settled.set()
        if live != self.live:
            self.live = live
            self.ring.wake()

    async def settled(self, seconds: float) -> None:
        """Returns once it is known whether messages arrive, at the latest after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()

    async def placed(self) -> None:
        """Returns once the ring knows the number it starts from.  Raises TimeoutError.

        A viewer that read the database before that could miss what was stored in between.
        """
        async with asyncio.timeout(PLACE_SECONDS):
            await self._placed.wait()

    async def facts(self) -> stored.Facts | None:
        """What the database says after this call.  Those who ask meanwhile share one answer."""
        if self._answer is None:
            self._answer = asyncio.create_task(self._ask())
        return await asyncio.shield(self._answer)

    async def _ask(self) -> stored.Facts | None:
        async with self._asking:
            self._answer = None  # who comes from now on asks anew
            return await stored.read(stored.facts_of, self.task_id)

    def hear(self, kind: str, data: Any) -> None:
        """A message."""
        if kind == "lines":
            self._add([Line._make(row) for row in data])
        else:
            self.ring.append(Event(kind, data))

    async def look(self) -> None:
        """One look into the database: what moved, what was stored, whether it is over."""
        facts = await stored.read(stored.facts_of, self.task_id)
        before, self._facts = self._facts, facts
        if facts is not None and before is not None:
            await self._compare(before, facts)
        elif facts is not None:
            self.ring.last_number = max(self.ring.last_number, facts.line_count)
        self._placed.set()

    async def _compare(self, before: stored.Facts, facts: stored.Facts) -> None:
        await self._fetch(facts.line_count)
        if facts.moved != before.moved:
            self.ring.append(Event("state", facts.told()))
        if facts.ended and not before.ended:
            self.ring.append(Event("end", facts.told()))

    async def _fetch(self, line_count: int) -> None:
        after = max(self.ring.last_number, line_count - LOOK_LINES)
        if after < line_count:
            self._add(await stored.read(read_lines, self.task_id, after=after, limit=LOOK_LINES))

    def _add(self, lines: list[Line]) -> None:
        batch = Batch(lines).after(self.ring.last_number) if lines else None
        if batch:
            self.ring.append(batch)

    def _beat_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._beating = loop.call_later(KEEPALIVE_SECONDS, self._beat)

    def _beat(self) -> None:
        """A sign of life for all viewers, also for those whose filters let nothing through."""
        self.ring.append(Event("quiet", {}))
        self._beat_later()

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self.look()
            except stored.AWAY as error:
                logger.debug("watch of %s: %s", self.task_id, error)
            await asyncio.sleep(CHECK_SECONDS if self.live else POLL_SECONDS)
