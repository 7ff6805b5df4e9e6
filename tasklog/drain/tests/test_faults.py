"""Drainers and writers that are killed, a database that is locked or has no tables.

Databases that are stopped or frozen: tasklog/tests/faults/test_database.py.
"""

import os
import random
import signal
import sqlite3
import time

import pytest
from django.db import connection

from conftest import wait_for
from tasklog.drain import lock
from tasklog.models import Drainer, TaskAttempt, TaskLogLine, TaskRun

DRAIN = ("manage.py", "tasklog_drain")


@pytest.fixture
def emit(stack, tmp_path):
    """`emit(task_id, lines, rate)` is a process that writes; its truth is a file."""
    stack.spool_dir.mkdir(exist_ok=True)

    def start(task_id, lines, rate, *ends):
        truth = str(tmp_path / f"{task_id}.truth")
        return stack.spawn(
            "-m", "tasklog.drain.tests.emitter",
            str(stack.spool_dir), task_id, str(lines), str(rate), truth, *ends,
        )  # fmt: skip

    return start


def written(tmp_path, task_id):
    return int((tmp_path / f"{task_id}.truth").read_text() or 0)


def count(task_id):
    return TaskLogLine.objects.of(task_id).exclude(stream="system").count()


def assert_each_line_once(task_id, emitted):
    """O1: what was emitted is stored, in order, without doubles."""
    rows = TaskLogLine.objects.of(task_id).exclude(stream="system")
    assert list(rows.values_list("seq", flat=True)) == list(range(1, emitted + 1))


def test_a_drainer_killed_again_and_again_loses_and_doubles_nothing(stack, emit, tmp_path):
    writer = emit("t1", 20_000, 10_000, "end")
    dice = random.Random(7)
    while writer.poll() is None:
        drainer = stack.spawn(*DRAIN)
        wait_for(lambda: not lock.is_free(stack.spool_dir))
        time.sleep(dice.uniform(0.05, 0.4))
        drainer.kill()
        drainer.wait()
    stack.spawn(*DRAIN, "--once").wait(30)
    assert_each_line_once("t1", 20_000)
    receipt = TaskAttempt.objects.get()
    assert (receipt.emitted, receipt.stored, receipt.dropped) == (20_000, 20_000, 0)


def test_writers_killed_at_full_speed_lose_nothing_and_are_told_as_lost(stack, emit, tmp_path):
    stack.spawn(*DRAIN)
    for index in range(5):
        writer = emit(f"t{index}", 1_000_000, 1_000_000)
        wait_for(lambda index=index: (tmp_path / f"t{index}.truth").exists())
        time.sleep(0.1)
        writer.kill()
        writer.wait()
    ids = [f"t{index}" for index in range(5)]
    wait_for(lambda: TaskRun.objects.filter(pk__in=ids, state="LOST").count() == 5, 60)
    for task_id in ids:
        # The line being counted when the kill came may be written and not counted yet.
        assert count(task_id) - written(tmp_path, task_id) in (0, 1)
        assert_each_line_once(task_id, count(task_id))


def test_a_told_drainer_stores_what_is_there_and_leaves_within_two_seconds(stack, emit):
    drainer = stack.spawn(*DRAIN)
    wait_for(lambda: not lock.is_free(stack.spool_dir))
    emit("t1", 20_000, 1_000_000, "end").wait(20)
    began = time.monotonic()
    drainer.terminate()
    assert drainer.wait(10) == 0
    assert time.monotonic() - began < 4  # two seconds, and a loaded machine
    assert_each_line_once("t1", 20_000)


def test_a_second_drainer_names_the_first(stack):
    first = stack.spawn(*DRAIN)
    wait_for(lambda: lock.holder(stack.spool_dir) == str(first.pid))
    second = stack.spawn(*DRAIN)
    assert second.wait(20) == 0
    assert f"by pid {first.pid}" in stack.output(second)
    assert first.poll() is None


def test_a_worker_starts_one_drainer_and_no_second(stack):
    stack.spool_dir.mkdir()
    code = (
        "import django, time; django.setup()\n"
        "from tasklog.drain.launch import ensure_running\n"
        "print(ensure_running(), ensure_running())"
    )
    stack.spawn("-c", code).wait(30)
    assert "True False" in stack.output(stack.processes[-1])
    wait_for(Drainer.objects.exists)
    os.kill(int(lock.holder(stack.spool_dir)), signal.SIGTERM)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own lock")
def test_a_locked_sqlite_is_waited_for(stack, emit):
    drainer = stack.spawn(*DRAIN)
    wait_for(Drainer.objects.exists)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    emit("t1", 2_000, 1_000_000, "end").wait(20)
    time.sleep(3)
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: TaskRun.objects.filter(pk="t1", state="SUCCESS").exists())
    assert_each_line_once("t1", 2_000)
    assert drainer.poll() is None


def test_a_database_without_tables_is_waited_for(stack, emit, tmp_path):
    """Started before `migrate`, the drainer is patient; nothing is passed over as damaged."""
    if connection.vendor != "sqlite":
        pytest.skip("needs a database of its own: SQLite has one in a file")
    url = {"DATABASE_URL": f"sqlite:///{tmp_path / 'late.sqlite3'}"}
    emit("t1", 100, 1_000_000, "end").wait(20)
    drainer = stack.spawn(*DRAIN, **url)
    wait_for(lambda: "The database is away" in stack.output(drainer))
    stack.spawn("manage.py", "migrate", "-v0", **url).wait(60)
    late = tmp_path / "late.sqlite3"
    wait_for(lambda: _count(late) == 100, 60)


def _count(path):
    with sqlite3.connect(path) as database:
        return database.execute("SELECT count(*) FROM tasklog_tasklogline").fetchone()[0]
