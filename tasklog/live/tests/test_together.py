"""What the viewer of a whole workflow is given: every line once, whatever goes away and comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from tasklog.archive.merged import Strand
from tasklog.archive.only import Only
from tasklog.live import publish, stored, together
from tasklog.live.replay import Leap
from tasklog.live.tests.conftest import lines
from tasklog.live.together import End, Lines, Skipped, Standing
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(together, "OVER_SECONDS", 0.4)


def look() -> list[Standing]:
    runs = TaskRun.objects.order_by("created_at", "task_id")
    return [
        Standing(
            Strand(run.pk, order, 0, run.line_count, 0, 10**9),
            begun=run.state != "PENDING",
            ended=run.finished,
        )
        for order, run in enumerate(runs)
    ]


def store(task_id: str, upto: int, *, publishing: bool = True) -> None:
    """What the drainer does for one run."""
    run = TaskRun.objects.get(pk=task_id)
    first = run.line_count + 1
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, seq=n, message=f"{task_id}{n}")
        for n in range(first, upto + 1)
    )
    run.line_count = upto
    run.save()
    if publishing:
        publish.publish_lines(task_id, lines(first, upto))


def begin(*task_ids: str, state: str = "STARTED") -> None:
    for task_id in task_ids:
        TaskRun.objects.create(task_id=task_id, state=state)


def end(task_id: str) -> None:
    TaskRun.objects.get(pk=task_id).mark_success()
    publish.publish_event(task_id, "end", {"state": "SUCCESS"})


class Reader:
    """Collects what it is given; `seen` is where it would go on."""

    def __init__(self, seen: dict[str, int] | None = None) -> None:
        self.seen = seen if seen is not None else {}
        self.steps: list[Any] = []

    @property
    def told(self) -> list[tuple[str, int]]:
        found = [one for step in self.steps if isinstance(step, Lines) for one in step.lines]
        return [(one.task_id, one.line.number) for one in found]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.told) < count:
                await asyncio.sleep(0.01)

    async def until_over(self) -> None:
        async with asyncio.timeout(10):
            while not (self.steps and isinstance(self.steps[-1], End)):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(reader: Reader, **wish: Any) -> AsyncIterator[Reader]:
    async def read() -> None:
        async with aclosing(together.follow(look, reader.seen, **wish)) as steps:
            async for step in steps:
                reader.steps.append(step)

    task = asyncio.create_task(read())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def each_once(told: list[tuple[str, int]], counts: dict[str, int]) -> None:
    """Every number of every run, in order within the run."""
    for task_id, count in counts.items():
        assert [n for name, n in told if name == task_id] == list(range(1, count + 1)), task_id


def test_backlog_live_lines_and_a_run_that_joins(channel: str) -> None:
    async def scene() -> None:
        await stored.read(begin, "a", "b")
        await stored.read(store, "a", 3)
        async with reading(Reader()) as reader:
            await reader.until(3)
            await stored.read(store, "b", 4)
            await stored.read(store, "a", 6)
            await reader.until(10)
            await stored.read(begin, "c")
            await stored.read(store, "c", 5)
            await reader.until(15)
            for task_id in "abc":
                await stored.read(end, task_id)
            await reader.until_over()
        each_once(reader.told, {"a": 6, "b": 4, "c": 5})

    asyncio.run(scene())


def test_a_run_that_joins_when_it_is_over_is_told_whole(channel: str) -> None:
    async def scene() -> None:
        await stored.read(begin, "a")
        async with reading(Reader()) as reader:
            await stored.read(begin, "b", state="SUCCESS")
            await stored.read(store, "b", 1500)
            await reader.until(1500)
            await stored.read(end, "a")
            await reader.until_over()
        each_once(reader.told, {"a": 0, "b": 1500})

    asyncio.run(scene())


def test_who_comes_back_goes_on_where_each_run_stood(channel: str) -> None:
    async def scene() -> None:
        await stored.read(begin, "a", "b")
        async with reading(Reader()) as reader:
            await stored.read(store, "a", 5)
            await stored.read(store, "b", 2)
            await reader.until(7)
        await stored.read(store, "b", 9)
        await stored.read(begin, "c")
        await stored.read(store, "c", 3)
        async with reading(Reader(reader.seen)) as again:
            await again.until(10)
            await stored.read(store, "a", 6)
            await again.until(11)
        each_once(reader.told + again.told, {"a": 6, "b": 9, "c": 3})

    asyncio.run(scene())


def test_more_runs_than_are_followed_come_with_the_looks(
    channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "FOLLOWED", 2)

    async def scene() -> None:
        names = [f"r{n}" for n in range(5)]
        await stored.read(begin, *names)
        async with reading(Reader()) as reader:
            for name in names:
                await stored.read(store, name, 4)
            await reader.until(20)
        each_once(reader.told, dict.fromkeys(names, 4))

    asyncio.run(scene())


def test_lost_messages_are_read_again(redis_only: None) -> None:
    async def scene() -> None:
        await stored.read(begin, "a")
        async with reading(Reader()) as reader:
            await stored.read(store, "a", 2)
            await reader.until(2)
            await stored.read(store, "a", 5, publishing=False)
            await stored.read(store, "a", 6)
            await reader.until(6)
        each_once(reader.told, {"a": 6})

    asyncio.run(scene())


def test_a_reader_far_behind_is_given_the_newest_and_word_of_the_rest(channel: str) -> None:
    async def scene() -> None:
        await stored.read(begin, "a", "b", state="SUCCESS")
        await stored.read(store, "a", 300)
        await stored.read(store, "b", 300)
        async with reading(Reader(), leap=Leap(behind=200, keep=50)) as reader:
            await reader.until(50)
        (skipped,) = [step for step in reader.steps if isinstance(step, Skipped)]
        assert (skipped.before, skipped.left_out, len(reader.told)) == ({}, 550, 50)
        assert reader.seen == {"a": 300, "b": 300}

    asyncio.run(scene())


def test_unwanted_lines_count_as_seen_at_the_end(channel: str) -> None:
    async def scene() -> None:
        await stored.read(begin, "a")
        async with reading(Reader(), only=Only(levels=40)) as reader:
            await stored.read(store, "a", 5)
            await stored.read(end, "a")
            await reader.until_over()
        assert reader.told == []
        assert reader.seen == {"a": 5}

    asyncio.run(scene())
