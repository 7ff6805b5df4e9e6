"""The canary while things go wrong all the time.

F-36  test_a_soak_with_random_faults_is_clean
F-36  tasklog/tests/test_canary.py::test_real_workers_are_soaked_and_what_they_lose_is_found
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from itertools import cycle

import pytest

from tasklog.drain import lock
from tasklog.models import TaskAttempt


def kill_child(scene, broker):
    for attempt in TaskAttempt.objects.filter(finished_at=None)[:1]:
        with suppress(ProcessLookupError):
            os.kill(attempt.pid, signal.SIGKILL)


def kill_drainer(scene, broker):
    with suppress(ValueError, ProcessLookupError):
        os.kill(int(lock.holder(scene.stack.spool_dir)), signal.SIGKILL)


def freeze_drainer(scene, broker):
    with suppress(ValueError, ProcessLookupError):
        pid = int(lock.holder(scene.stack.spool_dir))
        os.kill(pid, signal.SIGSTOP)
        time.sleep(3)
        os.kill(pid, signal.SIGCONT)


def stop_redis(scene, broker):
    broker.stop()
    time.sleep(2)
    broker.start()


def freeze_redis(scene, broker):
    broker.signal(signal.SIGSTOP)
    time.sleep(3)
    broker.signal(signal.SIGCONT)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_soak_with_random_faults_is_clean(broker, scene):
    worker = scene.worker(4)
    words = ("--rate", "300", "--seconds", "75", "--wait", "60", "--late", "60")
    soak = scene.stack.spawn("manage.py", "tasklog_canary", *words)
    faults = [kill_child, freeze_drainer, stop_redis, kill_drainer, freeze_redis]
    dice, struck = random.Random(36), []
    for fault in cycle(faults):
        if soak.poll() is not None:
            break
        struck.append(fault.__name__)
        fault(scene, broker)
        if worker.poll() is not None:
            # Celery 5.7 does not survive a lost broker while it holds unacknowledged tasks
            # (kombu: AttributeError 'hostname'); a process manager starts it again.
            worker = scene.worker(4)
        with suppress(subprocess.TimeoutExpired):
            soak.wait(dice.uniform(4, 10))
    assert soak.returncode == 0, f"{struck}\n{scene.explain()}"
    assert set(struck) == {fault.__name__ for fault in faults}
    assert "Clean." in scene.stack.output(soak)
