"""A real beat and a real worker: run now tells its origin, skip once leaves out exactly one."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from celery import current_app
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from conftest import Stack, wait_for
from tasklog.control.schedules import verbs
from tasklog.control.schedules.models import ScheduleSkip
from tasklog.models import TaskRun

TASK = "tasklog.timed_print_task"


@pytest.fixture
def broker(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process sends to the stack's broker, as its web process would."""
    url = stack.env["CELERY_BROKER_URL"]
    given = {"broker_url": url, "broker_write_url": url, "task_always_eager": False}
    for name, value in given.items():
        # Not by setattr: what is put back then would outlive the test as a setting of its own.
        monkeypatch.setitem(current_app.conf.changes, name, value)


def test_run_now_and_skip_once(stack: Stack, broker: None) -> None:
    PeriodicTask.objects.all().delete()
    row = PeriodicTask.objects.create(
        name="two seconds", task=TASK, kwargs=json.dumps({"duration": 0}),
        interval=IntervalSchedule.objects.create(every=2, period="seconds"),
    )  # fmt: skip
    stack.worker("solo", 1)
    started = verbs._run(row, by="ada")
    assert started.done, started.told
    wait_for(lambda: TaskRun.objects.filter(pk=started.made, state="SUCCESS").exists(), 60)
    run = TaskRun.objects.get(pk=started.made)
    assert (run.schedule, run.name) == ("two seconds", TASK)

    first = stack.spawn("-m", "celery", "-A", "project", "beat", "-l", "INFO", "--pidfile=")
    sent = "Scheduler: Sending due task two seconds"
    wait_for(lambda: sent in stack.output(first), 60, lambda: stack.output(first))
    # Asked while no beat runs: the next one knows.
    stack.stop(first)
    verbs._skip(row)
    before = TaskRun.objects.count()
    beat = stack.spawn("-m", "celery", "-A", "project", "beat", "-l", "INFO", "--pidfile=")
    told = "Left out once, as asked: two seconds"
    wait_for(lambda: stack.output(beat).count(sent) >= 3, 60, lambda: stack.output(beat))
    lines = [line for line in stack.output(beat).splitlines() if sent in line or told in line]
    assert [told in line for line in lines[:4]] == [True, False, False, False]
    assert sum(told in line for line in lines) == 1
    assert ScheduleSkip.objects.get().taken_at is not None
    wait_for(lambda: TaskRun.objects.count() >= before + 3, 60)
    times = list(TaskRun.objects.order_by("created_at").values_list("created_at", flat=True))
    assert all(a <= b for a, b in pairwise(times))
