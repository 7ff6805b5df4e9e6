"""A run to watch, and a viewer that collects what it is given."""

import asyncio
from contextlib import aclosing

import pytest

from tasklog.line import Line
from tasklog.live import publish, stored
from tasklog.live.hub import hub
from tasklog.live.replay import End, Lines, Skipped, follow
from tasklog.models import TaskLogLine, TaskRun


def lines(first, last):
    return [
        Line(n, n * 1_000, "stdout", 0, "", f"line {n}", 1, 0, n) for n in range(first, last + 1)
    ]


def store(run, last):
    """What the drainer commits: rows and the count in one transaction."""
    first = run.line_count + 1
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, seq=n, message=f"line {n}") for n in range(first, last + 1)
    )
    run.line_count = last
    run.save()
    return lines(first, last)


class Viewer:
    """Follows a run in the loop it is used in."""

    def __init__(self, task_id, after=0, **wish):
        self.steps = []
        self.wish = (task_id, after), wish
        self.reading = None

    async def __aenter__(self):
        self.reading = asyncio.create_task(self._read())
        await self.until(lambda: self.steps)
        return self

    async def __aexit__(self, *_):
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)

    async def _read(self):
        words, wish = self.wish
        async with aclosing(follow(*words, **wish)) as steps:
            async for step in steps:
                self.steps.append(step)

    async def until(self, true):
        async with asyncio.timeout(8):
            while not true():
                await asyncio.sleep(0.01)
                if self.reading.done():
                    self.reading.result()
                    break

    @property
    def numbers(self):
        steps = [step for step in self.steps if isinstance(step, Lines)]
        return [line.number for step in steps for batch in step.batches for line in batch.lines]

    @property
    def ended(self):
        return bool(self.steps) and isinstance(self.steps[-1], End)

    @property
    def skipped(self):
        return [step for step in self.steps if isinstance(step, Skipped)]

    async def numbered(self, last):
        await self.until(lambda: last in self.numbers)


@pytest.fixture
def run(transactional_db):
    return TaskRun.objects.create(task_id="t", state="STARTED")


@pytest.fixture
def viewer():
    return Viewer


@pytest.fixture
def drain(run):
    """Stores lines up to a number and publishes them, as the drainer does."""

    async def drain(last, *, publishing=True):
        new = await stored.read(store, run, last)
        if publishing:
            await stored.read(publish.publish_lines, run.task_id, new)
        return new

    return drain


@pytest.fixture
def end(run):
    async def end(*, publishing=True):
        await stored.read(run.mark_success)
        if publishing:
            await stored.read(publish.publish_event, "t", "end", {"state": "SUCCESS"})

    return end


@pytest.fixture(params=["messages", "polling"])
def channel(request, settings, broker_url, monkeypatch):
    """Every promise holds with Redis and without."""
    settings.CELERY_TASKLOG_REDIS_URL = broker_url if request.param == "messages" else ""
    monkeypatch.setattr(publish, "_breaker", publish.Breaker())
    return request.param


@pytest.fixture
def redis_only(settings, broker_url, monkeypatch):
    settings.CELERY_TASKLOG_REDIS_URL = broker_url
    monkeypatch.setattr(publish, "_breaker", publish.Breaker())


@pytest.fixture
def current_hub():
    return hub
