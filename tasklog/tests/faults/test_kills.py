"""Processes that are killed, told to stop, recycled or out of time.

F-01  test_a_child_killed_at_any_moment_loses_no_completed_line
F-01  test_twenty_children_killed_at_any_moment
F-01  tasklog/spool/tests/test_reader.py::test_a_dead_owners_torn_tail_comes_once_and_apart
F-02  test_a_whole_host_killed_loses_no_completed_line
F-02  test_a_killed_worker_is_told_as_lost_while_nobody_starts_it_again
F-02  tasklog/drain/tests/test_faults.py::test_a_drainer_killed_again_and_again_loses_and_doubles_nothing
F-03  test_a_told_worker_finishes_its_task_and_capture_delays_it_little
F-03  test_children_recycled_after_each_task_lose_nothing
F-03  test_two_hundred_children_recycled_lose_nothing
F-03  tasklog/drain/tests/test_workers.py::test_a_cold_shutdown_is_said_in_words
F-04  test_a_hard_limit_ends_a_run_once_and_keeps_what_its_finally_prints
F-04  test_a_soft_limit_loses_nothing_and_shows_its_traceback
F-04  tasklog/drain/tests/test_workers.py::test_a_hard_limit_is_one_end_told_in_words
F-24  test_a_killed_web_process_costs_an_open_page_no_line
"""  # noqa: E501

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from conftest import wait_for
from tasklog.drain import lock
from tasklog.models import TaskLogLine, TaskRun
from tasklog.tests.faults import figures
from tasklog.tests.faults.oracles import (
    assert_alive,
    assert_conserved,
    assert_honest,
    assert_never_blocked,
)
from tasklog.tests.faults.page import Page
from tasklog.tests.faults.servers import serve


def kill_children(scene, child_of, times):
    scene.worker()
    dice = random.Random(times)
    for turn in range(times):
        # One in four at full speed.
        emission = scene.emit(1_000_000, 2_000 if turn % 4 else 0)
        pid = child_of(emission)
        time.sleep(dice.uniform(0, 0.3))
        os.kill(pid, signal.SIGKILL)
        run = emission.ended(figures.NOTICED + figures.KILLED)
        assert (run.state, run.cause) == ("FAILURE", "killed")
        assert run.reason == "killed by signal 9 (SIGKILL)"
        assert emission.messages("system")[-1] == f"Failed: {run.reason}"
        assert_conserved(emission, killed=True)
        assert_never_blocked(emission)
        assert_honest(emission)
    assert_alive(scene.fresh())


def test_a_child_killed_at_any_moment_loses_no_completed_line(scene, child_of):
    kill_children(scene, child_of, 4)


@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_twenty_children_killed_at_any_moment(scene, child_of):
    kill_children(scene, child_of, 20)


def test_a_whole_host_killed_loses_no_completed_line(scene, child_of):
    """Worker, child and drainer at once; what they left is stored by those who start next."""
    worker = scene.worker()
    emission = scene.emit(1_000_000, 2_000)
    child = child_of(emission)
    for pid in (int(lock.holder(scene.stack.spool_dir)), worker.pid, child):
        os.kill(pid, signal.SIGKILL)
    worker.wait(10)
    assert emission.run.state == "STARTED"
    scene.worker()
    run = emission.ended(figures.LOST)
    assert (run.state, run.cause, run.reason) == ("LOST", "lost", "the worker process vanished")
    assert_conserved(emission, killed=True)
    assert_never_blocked(emission)
    assert_honest(emission)
    assert_alive(scene.fresh())


def test_a_killed_worker_is_told_as_lost_while_nobody_starts_it_again(scene, child_of):
    """The child follows its killed parent; the drainer that is left says what became of them."""
    worker = scene.worker()
    emission = scene.emit(1_000_000, 2_000)
    child_of(emission)
    worker.kill()
    run = emission.ended(figures.LOST)
    assert (run.state, run.cause) == ("LOST", "lost")
    assert_conserved(emission, killed=True)
    assert_honest(emission)


def test_a_told_worker_finishes_its_task_and_capture_delays_it_little(scene):
    bare, _ = told_to_leave(scene, CELERY_TASKLOG_ENABLED="false")
    captured, emission = told_to_leave(scene)
    assert captured < bare + figures.allowed(figures.SHUTDOWN)
    assert emission.ended(figures.FRESH).state == "SUCCESS"
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)


def told_to_leave(scene, **env):
    """SIGTERM in the middle of a task: seconds from its last line until the worker is gone."""
    worker = scene.worker(**env)
    emission = scene.emit(1_500, 500)
    wait_for(lambda: emission.truth.calls > 100, 60, scene.explain)
    worker.terminate()
    wait_for(lambda: emission.truth.calls == 1_500, figures.allowed(10), scene.explain)
    began = time.monotonic()
    assert worker.wait(30) == 0
    return time.monotonic() - began, emission


def test_a_killed_web_process_costs_an_open_page_no_line(scene, admin_client):
    """Its master starts another; the page comes back with the number it has."""
    scene.worker()
    url = serve(scene.stack)
    master = scene.stack.processes[-1].pid
    emission = scene.emit(100_000, 500)
    wait_for(lambda: emission.numbers(), 60, scene.explain)
    first = Page(url, emission.task_id, admin_client)
    wait_for(lambda: len(first.numbers) > 200, 60, scene.explain)
    (child,) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
    first.join(10)
    assert not first.is_alive()
    wait_for(lambda: answers(url), figures.allowed(figures.BACK), scene.explain)
    second = Page(url, emission.task_id, admin_client, after=first.numbers[-1])
    wait_for(lambda: len(second.numbers) > 200, 60, scene.explain)
    numbers = first.numbers + second.numbers
    assert numbers == list(range(1, len(numbers) + 1))


def answers(url):
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    return False


def test_children_recycled_after_each_task_lose_nothing(scene):
    recycle(scene, 24)


@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_two_hundred_children_recycled_lose_nothing(scene):
    recycle(scene, 200)


def recycle(scene, times):
    scene.worker(2, "--max-tasks-per-child", "1")
    ids = [scene.send("quick", 50) for _ in range(times)]
    done = TaskRun.objects.filter(pk__in=ids, state="SUCCESS")
    wait_for(lambda: done.count() == times, figures.allowed(times), scene.explain)
    for task_id in ids:
        lines = TaskLogLine.objects.of(task_id).order_by("number")
        told = list(lines.values_list("message", flat=True))
        assert told == [f"line {number} of {task_id}" for number in range(1, 51)]


def test_a_hard_limit_ends_a_run_once_and_keeps_what_its_finally_prints(scene):
    scene.worker()
    emission = scene.emit(0, name="limit")
    run = emission.ended(figures.FRESH)
    assert (run.state, run.cause) == ("TIMEOUT", "hard_limit")
    wait_for(lambda: len(emission.numbers()) == 11, figures.allowed(5), scene.explain)
    assert_conserved(emission)
    assert emission.messages("system") == [f"Timed out: {run.reason}"]
    assert len(emission.attempts) == 1
    # The end that came last changes nothing any more.
    assert emission.run.state == "TIMEOUT"
    assert_alive(scene.fresh())


def test_a_soft_limit_loses_nothing_and_shows_its_traceback(scene):
    scene.worker()
    emission = scene.emit(0, name="soft")
    run = emission.ended(figures.FRESH)
    assert (run.state, run.cause) == ("TIMEOUT", "soft_limit")
    # The limit may strike between a line and its count.
    assert_conserved(emission, killed=True)
    assert_never_blocked(emission)
    assert_honest(emission)
    assert emission.messages("stderr")[0] == "Traceback (most recent call last):"
    assert "SoftTimeLimitExceeded" in emission.messages("stderr")[-1]
