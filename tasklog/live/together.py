"""What one viewer of a whole workflow gets: the news of all its runs as they arrive, once.  WEB.

Each run that is open is followed as on its own page (`replay.follow`), so nothing is missed or
told twice within a run; lines that arrive at the same moment are merged by time.  A look every
second brings the runs that joined; those that have ended by then are read at once.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import NamedTuple

from tasklog.archive import merged
from tasklog.archive.merged import Strand, Told
from tasklog.archive.only import Only
from tasklog.conf import KEEPALIVE_SECONDS
from tasklog.line import Line
from tasklog.live import replay, stored
from tasklog.live.hub import hub

logger = logging.getLogger(__name__)

# How often the workflow is looked at for runs that joined (seconds).
LOOK_SECONDS = 0.5
# A workflow whose runs have all ended is over when nobody joined for so long (seconds).
OVER_SECONDS = 2.0
# So many open runs are followed at a time; the lines of others come with the looks.
FOLLOWED = 200
# Steps of all runs that may wait for a slow viewer; then its runs wait, and leap.
WAITING = 400
# One step holds at most about so many lines.
MOST = 1_000


@dataclass(frozen=True)
class Standing:
    """A run as a look finds it: how many lines it has, whether it began, whether it is over."""

    strand: Strand
    begun: bool
    ended: bool

    @property
    def task_id(self) -> str:
        return self.strand.task_id


class Channel(NamedTuple):
    """How news arrives: by messages (`live`) or by polling the database."""

    live: bool


class Lines(NamedTuple):
    """New lines, in the order of the merge."""

    lines: list[Told]


class Skipped(NamedTuple):
    """The viewer was too far behind: these many lines were left out, `before` says from where."""

    before: dict[str, int]
    left_out: int


class Moved(NamedTuple):
    """A run moved, or one joined."""


class Quiet(NamedTuple):
    """Nothing happened for a while: time for a sign of life."""


class End(NamedTuple):
    """Every run is over and every line was given.  The last step."""


Step = Channel | Lines | Skipped | Moved | Quiet | End
Look = Callable[[], Sequence[Standing]]


async def follow(
    look: Look, seen: dict[str, int], *, only: Only | None = None, leap: replay.Leap | None = None
) -> AsyncGenerator[Step]:
    """The steps of one viewer; `seen`, the last number of each run it has, is kept up to date.

    `look` is asked on a thread for the runs to follow, in the order of the merge.
    """
    viewer = _Viewer(look, seen, only or Only(), leap)
    try:
        async with aclosing(viewer.steps()) as steps:
            async for step in steps:
                yield step
    finally:
        await viewer.close()


@dataclass
class _Viewer:
    look: Look
    seen: dict[str, int]
    only: Only
    leap: replay.Leap | None
    news: asyncio.Queue[tuple[str, replay.Step]] = field(init=False)
    pumps: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.news = asyncio.Queue(WAITING)
        self.told_live: bool | None = None

    async def close(self) -> None:
        for pump in self.pumps.values():
            pump.cancel()
        await asyncio.gather(*self.pumps.values(), return_exceptions=True)

    async def steps(self) -> AsyncGenerator[Step]:
        loop = asyncio.get_running_loop()
        changed = spoke = loop.time()
        looked = float("-inf")
        while not hub().closed:
            live = not hub().away
            if live != self.told_live:
                self.told_live = live
                yield Channel(live)
            if loop.time() - looked >= LOOK_SECONDS:
                moved = await self._look()
                looked = loop.time()
                if moved:
                    changed = looked
                    yield Moved()
                async for step in self._read_ended():
                    spoke = loop.time()
                    yield step
            if self._over() and loop.time() - changed > OVER_SECONDS:
                yield End()
                return
            for step in self._merge(await self._take(looked + LOOK_SECONDS - loop.time())):
                spoke = loop.time()
                yield step
            if loop.time() - spoke > KEEPALIVE_SECONDS:
                spoke = loop.time()
                yield Quiet()

    async def _look(self) -> bool:
        """Whether a run moved or joined."""
        found = {one.task_id: one for one in await stored.read(self.look)}
        before = {task_id: one.begun + one.ended for task_id, one in self.standings.items()}
        self.standings = found
        self._follow_open()
        return before != {task_id: one.begun + one.ended for task_id, one in found.items()}

    def _follow_open(self) -> None:
        for task_id, pump in list(self.pumps.items()):
            if pump.done():
                del self.pumps[task_id]
                if not pump.cancelled() and (error := pump.exception()):
                    logger.debug("following %s: %s", task_id, error)
        for one in self.standings.values():
            is_open = one.begun and not one.ended
            if is_open and one.task_id not in self.pumps and len(self.pumps) < FOLLOWED:
                self.pumps[one.task_id] = asyncio.create_task(self._pump(one.task_id))

    async def _pump(self, task_id: str) -> None:
        """Hands on what comes of one run; waits while the viewer is slow."""
        after = self.seen.get(task_id, 0)
        steps = replay.follow(task_id, after, only=self.only, leap=self.leap)
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, replay.Lines | replay.Skipped):
                    await self.news.put((task_id, step))

    async def _read_ended(self) -> AsyncGenerator[Step]:
        """What is stored of runs that nobody follows."""
        late = [self._rest(one.strand) for one in self._unfollowed()]
        total = sum(strand.left for strand in late)
        if self.leap and total > self.leap.behind:
            lines = await stored.read(merged.newest, late, self.leap.keep + 1, self.only)
            yield self._leap(late, lines[-self.leap.keep :], total)
            late = [self._rest(one.strand) for one in self._unfollowed()]
        while late:
            lines = await stored.read(merged.oldest, late, MOST, self.only)
            if len(lines) < MOST:
                self._seen_all(late)
            if lines:
                self._note(lines)
                yield Lines(lines)
            late = [strand for strand in map(self._again, late) if strand.left > 0]

    def _unfollowed(self) -> Iterable[Standing]:
        return [
            one
            for one in self.standings.values()
            if one.task_id not in self.pumps and one.strand.upto > self.seen.get(one.task_id, 0)
        ]

    def _rest(self, strand: Strand) -> Strand:
        after = self.seen.get(strand.task_id, 0)
        return Strand(strand.task_id, strand.order, after, strand.upto, strand.begins, strand.ends)

    def _again(self, used: Strand) -> Strand:
        return self._rest(self.standings[used.task_id].strand)

    def _leap(self, late: list[Strand], kept: list[Told], total: int) -> Skipped:
        """Only the newest are given: seen is all that lies before them."""
        before = dict(self.seen)
        first: dict[str, int] = {}
        for told in kept:
            first.setdefault(told.task_id, told.line.number)
        for strand in late:
            whole = self.standings[strand.task_id].strand.upto
            self.seen[strand.task_id] = first.get(strand.task_id, whole + 1) - 1
        return Skipped(before, max(total - len(kept), 0))

    def _seen_all(self, strands: list[Strand]) -> None:
        """Lines that are not wanted, and numbers that were dropped, count as seen."""
        for strand in strands:
            self.seen[strand.task_id] = self.standings[strand.task_id].strand.upto

    async def _take(self, seconds: float) -> list[tuple[str, replay.Step]]:
        """What has arrived; waits for the first so long."""
        taken = []
        try:
            async with asyncio.timeout(max(seconds, 0.01)):
                taken.append(await self.news.get())
        except TimeoutError:
            return []
        while not self.news.empty() and len(taken) < WAITING:
            taken.append(self.news.get_nowait())
        return taken

    def _merge(self, taken: list[tuple[str, replay.Step]]) -> Iterable[Step]:
        """The lines of all runs by their time, and the bars between them."""
        came: dict[str, list[Line]] = {}
        for task_id, step in taken:
            if isinstance(step, replay.Lines):
                lines = [line for batch in step.batches for line in batch.lines]
                came.setdefault(task_id, []).extend(lines)
            elif isinstance(step, replay.Skipped):
                yield from self._told(came)
                came = {}
                yield from self._skipped(task_id, step)
        yield from self._told(came)

    def _told(self, came: dict[str, list[Line]]) -> Iterable[Step]:
        if lines := self._in_order(came):
            self._note(lines)
            yield Lines(lines)

    def _skipped(self, task_id: str, step: replay.Skipped) -> Iterable[Step]:
        seen = self.seen.get(task_id, 0)
        if step.last > seen:
            before = dict(self.seen)
            self.seen[task_id] = step.last
            yield Skipped(before, step.last - max(step.first - 1, seen))

    def _in_order(self, came: dict[str, list[Line]]) -> list[Told]:
        seen = self.seen
        strands = [
            [
                (line.at, self._order(task_id), line.number, Told(task_id, line))
                for line in lines
                if line.number > seen.get(task_id, 0)
            ]
            for task_id, lines in came.items()
        ]
        return [entry[-1] for entry in heapq.merge(*strands)]

    def _order(self, task_id: str) -> int:
        one = self.standings.get(task_id)
        return one.strand.order if one else 0

    def _note(self, lines: list[Told]) -> None:
        for told in lines:
            self.seen[told.task_id] = max(self.seen.get(told.task_id, 0), told.line.number)

    def _over(self) -> bool:
        return not self.pumps and all(
            one.ended and self.seen.get(one.task_id, 0) >= one.strand.upto
            for one in self.standings.values()
        )
