"""What one viewer gets, in order and once: what is stored, then what comes.  WEB.

Subscribe first, then read the database from the viewer's number on, then follow the ring.
Numbers are dense and become visible in order, so a number at or below the last one seen is a
repetition, and a jump is a hole to be read from the database.  What is still missing then was
dropped on purpose.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tasklog.archive.only import Only
from tasklog.archive.reader import read_lines
from tasklog.line import Line
from tasklog.live import stored
from tasklog.live.hub import hub
from tasklog.live.ring import Batch, Event, News
from tasklog.live.watch import Watch

WINDOW = 1000


class Unknown(NamedTuple):
    """Nobody has heard of this run.  The last step."""


class Channel(NamedTuple):
    """How news arrives: by messages (`live`) or by polling the database."""

    live: bool


class Lines(NamedTuple):
    """New lines, in order; `last` is the number to resume from."""

    batches: list[Batch]
    last: int


class Skipped(NamedTuple):
    """The viewer was too far behind: these lines were left out (both ends included)."""

    first: int
    last: int


class Moved(NamedTuple):
    """The run moved: kind `state`, `progress` or `tail`, with its newest data."""

    kind: str
    data: dict[str, Any]


class Quiet(NamedTuple):
    """Nothing happened for a while: time for a sign of life."""


class End(NamedTuple):
    """The run is over and every line was given.  The last step."""

    data: dict[str, Any]


Step = Unknown | Channel | Lines | Skipped | Moved | Quiet | End


@dataclass(frozen=True)
class Leap:
    """A viewer more than `behind` lines behind is given only the newest `keep` it wants."""

    behind: int = 2000
    keep: int = 500


def follow(
    task_id: str, after: int = 0, *, only: Only | None = None, leap: Leap | None = None
) -> AsyncGenerator[Step]:
    """The steps of one viewer that has seen the lines up to `after`.  Ends after `End`,
    `Unknown`, or when the process is told to stop.
    """
    return _Viewer(after, only or Only(), leap).steps(task_id)


@dataclass(slots=True)
class _Viewer:
    seen: int
    only: Only
    leap: Leap | None
    watch: Watch = field(init=False)
    cursor: int = field(init=False)
    live: bool = field(init=False)
    # The news alone will not do: look into the database.
    unsure: bool = False

    async def steps(self, task_id: str) -> AsyncGenerator[Step]:
        async with hub().watching(task_id) as watch:
            self.watch, self.cursor, self.live = watch, watch.ring.told, watch.live
            yield Channel(self.live)
            while facts := await watch.facts():
                async for step in self._catch_up(max(facts.line_count, watch.ring.last_number)):
                    yield step
                if facts.ended:
                    yield End(facts.told())
                    return
                self.unsure = False
                while not self.unsure:
                    if watch.closed:
                        return
                    for step in await self._next():
                        yield step
            yield Unknown()

    async def _next(self) -> Sequence[Step]:
        """The steps made of the news since the last call; waits for some."""
        watch, ring = self.watch, self.watch.ring
        if self.cursor == ring.told:
            await ring.wait()
        if self.live != watch.live:
            self.live = watch.live
            return (Channel(self.live),)
        news = ring.since(self.cursor)
        if news is None or self._too_far(ring.last_number):
            self.cursor, self.unsure = max(self.cursor, ring.start), True
            return ()
        self.cursor = ring.told
        return await self._tell(news)

    async def _tell(self, news: list[News]) -> list[Step]:
        """Lines first, then the newest event of each kind.

        Word of the end asks for a last look: messages may be lost, and a run may have begun anew.
        """
        moved: dict[str, Event] = {}
        batches: list[Batch] = []
        for item in news:
            if isinstance(item, Event):
                moved[item.kind] = item
            elif rest := item.after(self.seen):
                if rest.first > self.seen + 1:
                    batches += await self._hole(rest.first)
                batches.append(rest)
                self.seen = rest.last
        self.unsure = moved.pop("end", None) is not None
        return [*self._lines(batches), *map(_step_of, moved.values())]

    async def _hole(self, before: int) -> list[Batch]:
        """The stored lines between the last one seen and `before`."""
        batches = []
        while found := await self._read(before=before):
            batches.append(Batch(found))
            self.seen = found[-1].number
            if len(found) < WINDOW:
                break
        return batches

    async def _catch_up(self, newest: int) -> AsyncGenerator[Step]:
        """From the last number seen to the newest by the database, with a leap if it is far."""
        if self.leap and self._too_far(newest):
            async for step in self._leap_to(newest, self.leap.keep):
                yield step
        while self.seen < newest:
            found = await self._read()
            if found:
                self.seen = found[-1].number
                yield Lines([Batch(found)], self.seen)
            if len(found) < WINDOW:
                self.seen = max(self.seen, newest)

    async def _leap_to(self, newest: int, keep: int) -> AsyncGenerator[Step]:
        """The newest wanted lines, and word of where others were left out."""
        found = await self._read(before=newest + 1, limit=keep + 1, newest=True)
        kept = found[-keep:]
        if len(found) > keep:
            yield Skipped(self.seen + 1, kept[0].number - 1)
        self.seen = newest
        if kept:
            yield Lines([Batch(kept)], newest)

    def _too_far(self, newest: int) -> bool:
        return self.leap is not None and newest - self.seen > self.leap.behind

    def _lines(self, batches: list[Batch]) -> list[Step]:
        wanted = [kept for batch in batches if (kept := batch.only(self.only))]
        return [Lines(wanted, self.seen)] if wanted else []

    async def _read(
        self, before: int | None = None, limit: int = WINDOW, *, newest: bool = False
    ) -> list[Line]:
        return await stored.read(
            read_lines,
            self.watch.task_id,
            after=self.seen,
            before=before,
            limit=limit,
            newest=newest,
            **self.only.words,
        )


def _step_of(event: Event) -> Step:
    return Quiet() if event.kind == "quiet" else Moved(event.kind, event.data)
