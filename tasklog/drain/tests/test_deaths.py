"""The scene of real deaths: what a worker that lives on says of a child that was killed."""

import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest
from celery import Celery

from conftest import wait_for
from tasklog.capture import revoke
from tasklog.models import TaskAttempt, TaskRun, TaskWorker

TASKS = ("-I", "tasklog.drain.tests.devour_task")


@pytest.fixture
def send(stack):
    """Sends a task; returns its id once it has begun."""
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)

    def send(name, *args):
        task_id = str(uuid.uuid4())
        app.send_task(name, args, task_id=task_id)
        wait_for(TaskAttempt.objects.filter(task_id=task_id).exists)
        return task_id

    yield send
    app.close()


def ended(stack, task_id, seconds=20):
    """The attempt, once its run is over."""
    over = TaskRun.objects.exclude(finished_at=None).filter(pk=task_id)
    wait_for(over.exists, seconds, lambda: "\n".join(map(stack.output, stack.processes)))
    return TaskAttempt.objects.get(task_id=task_id)


def test_a_child_that_is_killed_leaves_its_scene(stack, send):
    stack.worker("prefork", 2, *TASKS)
    neighbour, task_id = send("drain.wait", 60), send("drain.wait", 60)
    pid = TaskAttempt.objects.get(task_id=task_id).pid
    # Nearly always the first heartbeat has seen it; a busy machine's pool may have replaced it.
    wait_for(lambda: str(pid) in TaskWorker.objects.get().memory["processes"], 60)
    os.kill(pid, signal.SIGKILL)
    died = ended(stack, task_id)
    assert (died.cause, died.reason) == ("killed", "killed by signal 9 (SIGKILL)")
    assert died.scene["beside"] == [neighbour]
    assert died.scene["rss"] > 2**20
    assert 0 <= died.finished_at.timestamp() - died.scene["heard_at"] < 12
    assert 0 < died.scene["used"] < died.scene["limit"]


def test_a_revoke_names_who_asked_for_it(stack, send):
    stack.worker("prefork", 1, *TASKS)
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)
    # The worker says it is ready a moment before it listens to commands.
    wait_for(lambda: app.control.ping(timeout=0.5), 60)
    waiting = str(uuid.uuid4())
    revoke(waiting, by="ada", app=app)
    running = send("drain.wait", 60)
    app.send_task("drain.wait", (60,), task_id=waiting)
    revoke(running, by="bob", terminate=True, app=app)
    assert ended(stack, running).reason == "terminated by signal 15 (SIGTERM), as bob asked"
    over = TaskRun.objects.filter(pk=waiting, state="REVOKED")
    wait_for(over.exists, 60, lambda: stack.output(stack.processes[0]))
    assert over.get().reason == "revoked by ada before it began"
    app.close()


@pytest.fixture
def small_group():
    """A memory control group of 320 MiB below our own; needs root and a writable hierarchy."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    path = next((line.split(":")[2] for line in lines if line.split(":")[1] == "memory"), "")
    group = Path(f"/sys/fs/cgroup/memory{path}/tasklog-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(320 * 2**20))
    except OSError as error:
        pytest.skip(f"no memory control group can be made here: {error}")
    yield group
    wait_for(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()


@pytest.mark.nightly
def test_the_kernels_out_of_memory_killer_is_named(small_group, stack, send):
    """The kernel really kills: the worker and its child stand under the small limit."""
    started = stack.worker("prefork", 1, *TASKS)
    for pid in (started.pid, *children_of(started.pid)):
        (small_group / "cgroup.procs").write_text(str(pid))
    # The heartbeat after the move.
    wait_for(TaskWorker.objects.filter(memory__limit=320 * 2**20).exists, 60)
    died = ended(stack, send("drain.devour"), 60)
    assert (died.outcome, died.cause, died.scene["whose"]) == (
        "FAILURE", "out_of_memory", "container",
    )  # fmt: skip
    assert died.reason == (
        "killed by signal 9 (SIGKILL); the kernel killed for want of memory at that time"
    )


def children_of(pid):
    """The pool's processes; the drainer that the worker started stays where it is."""
    found = subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "celery"],
        capture_output=True,
        text=True,
        check=False,
    )
    return map(int, found.stdout.split())
