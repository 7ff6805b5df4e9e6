"""Task ids that come twice, hundreds of tasks at once, transactions that break.

F-17  test_a_redelivered_task_is_one_run_with_two_whole_attempts
F-17  test_a_task_that_outlives_its_visibility_runs_twice_and_both_are_told_apart
F-17  test_two_attempts_of_one_id_at_once_keep_their_lines_apart
F-18  test_a_hundred_thousand_lines_are_all_stored_and_cost_no_memory
F-18  bench/million.py
F-18  bench/find.py
F-18  bench/download.py
F-18  bench/flood.py
F-22  test_five_hundred_tasks_at_once_keep_every_line_in_its_own_run
F-22  test_five_thousand_tasks_keep_every_line_in_its_own_run
F-26  test_a_task_that_breaks_its_transaction_and_connection_keeps_its_log
F-26  tasklog/drain/tests/test_workers.py::test_a_task_that_rolls_back_keeps_its_log
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse

from conftest import wait_for
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun
from tasklog.tests.faults import figures
from tasklog.tests.faults.conftest import MODULE
from tasklog.tests.faults.oracles import (
    assert_alive,
    assert_conserved,
    assert_honest,
    assert_never_blocked,
)
from tasklog.tests.faults.truth import Truth


def numbers_of(attempt):
    lines = TaskLogLine.objects.filter(attempt=attempt, stream="stdout").order_by("number")
    return [int(text.split()[1]) for text in lines.values_list("message", flat=True)]


@pytest.mark.nightly
def test_a_redelivered_task_is_one_run_with_two_whole_attempts(scene, tmp_path):
    scene.worker()
    truth = tmp_path / "again"
    task_id = scene.send("again", str(truth), 1500, 300)
    attempts = TaskAttempt.objects.filter(task_id=task_id).order_by("number")
    wait_for(lambda: attempts.exists() and Truth(f"{truth}.0").calls > 100, 60, scene.explain)
    os.kill(attempts[0].pid, signal.SIGKILL)
    done = TaskRun.objects.filter(pk=task_id, state="SUCCESS")
    wait_for(done.exists, figures.allowed(20), scene.explain)
    first, second = attempts
    assert (first.outcome, first.cause) == ("FAILURE", "killed")
    assert (second.outcome, second.redelivered) == ("SUCCESS", True)
    printed = Truth(f"{truth}.0").calls
    assert numbers_of(first) == list(range(1, len(numbers_of(first)) + 1))
    assert len(numbers_of(first)) - printed in (0, 1)
    assert numbers_of(second) == list(range(1, 1501))
    assert_alive(scene.fresh())


@pytest.mark.nightly
def test_a_task_that_outlives_its_visibility_runs_twice_and_both_are_told_apart(scene, tmp_path):
    """A Redis broker hands out again what is not acknowledged after 5 s: a task of 12 s."""
    scene.worker(2, "-I", f"{MODULE},tasklog.tests.faults.impatient")
    task_id = scene.send("again", str(tmp_path / "again"), 3_600, 300)
    attempts = TaskAttempt.objects.filter(task_id=task_id).order_by("number")
    wait_for(lambda: attempts.filter(finished_at=None).count() == 2, 60, scene.explain)
    wait_for(lambda: attempts[0].finished_at is not None, 60, scene.explain)
    first, second = attempts[:2]
    assert (first.outcome, first.redelivered, second.redelivered) == ("SUCCESS", False, True)
    assert numbers_of(first) == list(range(1, 3_601))
    assert second.started_at < first.finished_at
    told = numbers_of(second)
    assert told == list(range(1, len(told) + 1))


def test_a_hundred_thousand_lines_are_all_stored_and_cost_no_memory(scene, child_of):
    """At full speed, one after the other; the process had printed some before."""
    scene.worker()
    small = scene.emit(1_000)
    small.ended(figures.FRESH)
    (attempt,) = small.attempts
    before = resident(attempt.pid)
    emission = scene.emit(100_000)
    assert child_of(emission) == attempt.pid
    assert emission.ended(figures.CAUGHT_UP).state == "SUCCESS"
    assert resident(attempt.pid) - before < figures.MEMORY
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)


def resident(pid):
    """Bytes of a process that are its own and in memory."""
    total, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    return (total - shared) * os.sysconf("SC_PAGE_SIZE")


def test_two_attempts_of_one_id_at_once_keep_their_lines_apart(scene, tmp_path):
    scene.worker(2)
    task_id = str(uuid.uuid4())
    truths = [Truth(tmp_path / name) for name in ("one", "two")]
    for truth in truths:
        scene.send("emit", str(truth.path), 400, 200, task_id=task_id)
    attempts = TaskAttempt.objects.filter(task_id=task_id, outcome="SUCCESS")
    wait_for(lambda: attempts.count() == 2, figures.allowed(20), scene.explain)
    # They really ran at the same time.
    assert max(t.told()[4] for t in truths) < min(t.told()[5] for t in truths)
    for attempt in attempts:
        assert numbers_of(attempt) == list(range(1, 401))
        assert (attempt.emitted, attempt.stored) == (400, 400)
    numbers = TaskLogLine.objects.of(task_id).values_list("number", flat=True)
    assert list(numbers) == list(range(1, 801))


def connections_of_others():
    """How many are open to this database, but for the test's own; 0 where nobody counts them."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def many(scene, count):
    scene.worker(2)
    ids = [scene.send("quick", 3) for _ in range(count)]
    done = TaskRun.objects.filter(state="SUCCESS", name="faults.quick")
    open_at_once = []

    def all_done():
        open_at_once.append(connections_of_others())
        return done.count() == count

    wait_for(all_done, figures.allowed(count / 15), scene.explain)
    # The main process and two children, for the tasks' results, one for all lines, and at moments
    # two of the drainer's tick, which counts queues and asks for mining on threads of their own.
    assert max(open_at_once) <= 6
    told = {}
    for task_id, message in TaskLogLine.objects.order_by("task_id", "number").values_list(
        "task_id", "message"
    ):
        told.setdefault(task_id, []).append(message)
    assert told == {one: [f"line {number} of {one}" for number in (1, 2, 3)] for one in ids}


def test_five_hundred_tasks_at_once_keep_every_line_in_its_own_run(scene, admin_client):
    many(scene, 500)
    admin_client.get("/")  # templates are compiled
    began = time.monotonic()
    assert admin_client.get(reverse("dashboard:runs")).status_code == 200
    assert time.monotonic() - began < figures.allowed(figures.LIST)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_five_thousand_tasks_keep_every_line_in_its_own_run(scene):
    many(scene, 5_000)


def test_a_task_that_breaks_its_transaction_and_connection_keeps_its_log(scene):
    scene.worker()
    emission = scene.emit(0, name="abort")
    run = emission.ended(figures.FRESH)
    # No query of ours was on the task's connection.
    assert (run.state, run.result) == ("SUCCESS", "[]")
    assert emission.numbers() == [1, 2, 3]
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)
    assert_alive(scene.fresh())
