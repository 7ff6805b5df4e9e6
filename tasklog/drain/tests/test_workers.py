"""The whole way, with real workers: capture, spool, drainer, rows; and every end told in words.

Processes that are killed: tasklog/tests/faults/test_kills.py.
"""

import signal
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery

from conftest import wait_for
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun, TaskWorker

TASKS = ("-I", "tasklog.drain.tests.drain_tasks")


@pytest.fixture
def send(stack):
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)

    def send(name, *args, task_id=""):
        task_id = task_id or str(uuid.uuid4())
        app.send_task(name, args, task_id=task_id)
        return task_id

    yield send
    app.close()


@pytest.fixture
def worker(stack):
    def start(pool="prefork", concurrency=1, **env):
        return stack.worker(pool, concurrency, *TASKS, **env)

    return start


def run(task_id):
    return TaskRun.objects.filter(pk=task_id).first() or TaskRun()


def ended(stack, task_id, seconds=20):
    """The run, once it is over; its attempt is closed and its lines are stored."""
    wait_for(
        lambda: run(task_id).finished,
        seconds,
        lambda: "\n".join(map(stack.output, stack.processes)),
    )
    return run(task_id)


def printed(task_id):
    lines = TaskLogLine.objects.of(task_id).filter(stream="stdout")
    return list(lines.values_list("message", flat=True))


def child_of(task_id):
    wait_for(lambda: TaskAttempt.objects.filter(task_id=task_id).exists())
    return TaskAttempt.objects.get(task_id=task_id).pid


def test_a_hard_limit_is_one_end_told_in_words(stack, worker, send):
    worker()
    task_id = send("drain.too_long")
    found = ended(stack, task_id)
    assert (found.state, found.cause) == ("TIMEOUT", "hard_limit")
    assert TaskAttempt.objects.get(task_id=task_id).outcome == "TIMEOUT"
    time.sleep(1)
    lines = list(TaskLogLine.objects.of(task_id).values_list("stream", "message"))
    assert ("stdout", "before the limit") in lines
    assert [stream for stream, _ in lines].count("system") == 1


def test_a_revoked_and_terminated_task_is_revoked(stack, worker, send):
    worker()
    task_id = send("drain.sleep", 60)
    child_of(task_id)
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)
    app.control.revoke(task_id, terminate=True)
    found = ended(stack, task_id)
    assert (found.state, found.cause) == ("REVOKED", "terminated")
    assert printed(task_id) == ["asleep"]


def test_tasks_that_never_begin_end_with_the_reason(stack, worker, send):
    """One worker that is busy: what waits behind its task is revoked, expires, or is unknown."""
    worker()
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)
    busy = send("drain.sleep", 3)
    child_of(busy)
    revoked, expired = str(uuid.uuid4()), str(uuid.uuid4())
    app.control.revoke(revoked)
    time.sleep(0.5)  # the worker has heard of it
    send("drain.sleep", 0, task_id=revoked)
    past = datetime.now(UTC) - timedelta(seconds=1)
    app.send_task("drain.sleep", (0,), task_id=expired, expires=past)
    unknown = send("drain.nobody_knows")
    ends = {
        revoked: ("REVOKED", "revoked", "revoked before it began"),
        expired: ("REVOKED", "revoked", "expired before it began"),
        unknown: ("FAILURE", "rejected", "the worker knows no task named 'drain.nobody_knows'"),
    }
    for task_id, told in ends.items():
        found = ended(stack, task_id)
        assert (found.state, found.cause, found.reason) == told
        assert printed(task_id) == []
    assert ended(stack, busy).state == "SUCCESS"


def test_a_cold_shutdown_is_said_in_words(stack, worker, send):
    started = worker()
    task_id = send("drain.sleep", 300)
    child_of(task_id)
    stack.stop(started, signal.SIGQUIT)
    found = ended(stack, task_id)
    assert (found.state, found.cause) == ("LOST", "shutdown")
    assert found.reason == "the worker told its process to end by signal 15 (SIGTERM)"
    assert printed(task_id) == ["asleep"]


def test_a_task_that_rolls_back_keeps_its_log(stack, worker, send):
    worker()
    task_id = send("drain.roll_back")
    assert ended(stack, task_id).state == "FAILURE"
    assert printed(task_id) == ["inside the transaction"]
    assert not TaskWorker.objects.filter(name="rolled back").exists()
