"""Archiving and retention that are killed half-way.

F-31  test_archiving_killed_at_any_point_leaves_every_line_once
F-31  test_archiving_killed_by_the_kernel_twenty_times_leaves_every_line_once
F-31  test_retention_killed_at_any_point_takes_what_is_old_and_nothing_else
F-31  test_retention_killed_by_the_kernel_twenty_times_leaves_the_young_whole
F-31  tasklog/maintenance/tests/test_backup.py::test_killed_by_the_kernel_twenty_times_each_backup_is_whole
F-31  tasklog/archive/tests/test_archiving.py::test_a_chunk_that_reads_back_differently_keeps_its_rows
"""  # noqa: E501

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from conftest import Stack
from tasklog.archive import chunks
from tasklog.archive.archiving import archive_run, archive_step
from tasklog.archive.reader import iter_lines
from tasklog.archive.retention import prune
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)
LINES = 12


class Killed(BaseException):
    """No `except Exception` and no clean-up of ours stops it, like a `kill -9`."""


@contextmanager
def killed_at(point: int) -> Iterator[None]:
    """The process ends before its query number `point`; what it had begun is rolled back."""
    seen = 0

    def count(execute: Callable[..., Any], *words: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == point:
            raise Killed
        return execute(*words)

    with connection.execute_wrapper(count):
        yield


def until_it_lives(work: Callable[[], object], check: Callable[[], None]) -> int:
    """Kills `work` before its first query, its second and so on; how often until it came through.

    Each turn goes on from what the last one left.
    """
    for point in range(1, 200):
        try:
            with killed_at(point):
                work()
        except Killed:
            check()
        else:
            return point - 1
    pytest.fail("it never came through")


@pytest.fixture(params=["rows", "files"])
def place(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Chunks of five lines, in the database or in a storage."""
    if request.param == "files":
        local = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
        settings.STORAGES = {**storages.backends, "tasklog_archive": local}
    return str(request.param)


def killed_by_the_kernel(stack: Stack, *words: str, check: Callable[[], None]) -> None:
    """`kill -9` of the command at 20 moments of chance, each turn on what the last one left."""
    dice, deaths = random.Random(31), 0
    for _ in range(20):
        process = stack.spawn("manage.py", *words)
        time.sleep(dice.uniform(0.1, 1.5))
        process.send_signal(signal.SIGKILL)
        deaths += process.wait(10) != 0
        check()
    assert deaths > 2


def finished(task_id: str, days: float, lines: int = LINES) -> None:
    ended = timezone.now() - timedelta(days=days)
    run = TaskRun.objects.create(
        task_id=task_id, state="SUCCESS", finished_at=ended, line_count=lines
    )
    TaskAttempt.objects.create(task=run)
    TaskLogLine.objects.bulk_create(
        (TaskLogLine(task=run, number=n, seq=n, message=f"line {n}") for n in range(1, lines + 1)),
        batch_size=5_000,
    )


def assert_whole(task_id: str, lines: int = LINES) -> None:
    """Every line is read, once and in order, wherever it lies; none lies twice."""
    assert [line.number for line in iter_lines(task_id)] == list(range(1, lines + 1))
    chunked = sum(LogChunk.objects.filter(task_id=task_id).values_list("count", flat=True))
    assert chunked + TaskLogLine.objects.filter(task_id=task_id).count() == lines


def test_archiving_killed_at_any_point_leaves_every_line_once(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_LINES", 5)
    finished("t", 3)
    deaths = until_it_lives(lambda: archive_run("t"), lambda: assert_whole("t"))
    assert deaths > 4
    assert_whole("t")
    assert TaskRun.objects.get().archived_at
    assert [chunk.count for chunk in LogChunk.objects.order_by("first")] == [5, 5, 2]
    assert archive_run("t") == 0


@pytest.mark.nightly
def test_archiving_killed_by_the_kernel_twenty_times_leaves_every_line_once(
    stack: Stack,
) -> None:
    lines = 60_000
    finished("t", 0, lines)
    killed_by_the_kernel(stack, "tasklog_archive", "t", check=lambda: assert_whole("t", lines))
    assert stack.spawn("manage.py", "tasklog_archive", "t").wait(60) == 0
    assert not TaskLogLine.objects.filter(task_id="t").exists()
    assert [line.message for line in iter_lines("t")][-1] == f"line {lines}"


@pytest.mark.nightly
def test_retention_killed_by_the_kernel_twenty_times_leaves_the_young_whole(
    stack: Stack,
) -> None:
    """Of the old runs, a line or a chunk never outlives its run: the next turn finds the rest."""
    finished("young", 3, 12_000)
    for number in range(8):
        finished(f"old-{number}", 40, 10_000)
    for task_id in ("old-0", "young"):
        archive_step(task_id)  # partly chunks, partly rows
    there = TaskRun.objects.values("pk")

    def check() -> None:
        assert_whole("young", 12_000)
        assert not TaskLogLine.objects.exclude(task__in=there).exists()
        assert not LogChunk.objects.exclude(task__in=there).exists()

    killed_by_the_kernel(stack, "tasklog_prune", "--days", "30", check=check)
    assert stack.spawn("manage.py", "tasklog_prune", "--days", "30").wait(120) == 0
    check()
    assert [run.pk for run in TaskRun.objects.all()] == ["young"]


def test_retention_killed_at_any_point_takes_what_is_old_and_nothing_else(
    place: str, settings: Any
) -> None:
    """Big runs go in steps: what a killed turn has left of one goes with the next."""
    settings.CELERY_TASKLOG_RETENTION_DAYS = 30
    for task_id, days in (("old", 40), ("older", 50), ("young", 3)):
        finished(task_id, days)
    archive_run("older")
    assert until_it_lives(prune, lambda: assert_whole("young")) > 4
    assert_whole("young")
    assert [run.pk for run in TaskRun.objects.all()] == ["young"]
    assert set(TaskLogLine.objects.values_list("task_id", flat=True)) == {"young"}
    assert not LogChunk.objects.exists()
