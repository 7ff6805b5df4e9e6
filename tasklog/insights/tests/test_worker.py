"""From a task's print to a counted pattern, with nothing but a worker and its drainer."""

from __future__ import annotations

from celery import Celery

from conftest import Stack, wait_for
from tasklog.insights.models import Pattern
from tasklog.models import TaskLogLine, TaskRun


def test_what_a_task_prints_is_counted_by_a_worker_soon(stack: Stack) -> None:
    worker = stack.worker()
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)
    app.send_task("tasklog.canary", args=[0, 3, 100], queue="default")
    app.send_task("demo.quick", queue="default")
    found = Pattern.objects.filter(task="demo.quick")
    wait_for(found.exists, 60, lambda: stack.output(worker))
    lines = TaskLogLine.objects.filter(task__name="demo.quick").exclude(message="").count()
    wait_for(lambda: sum(found.values_list("total", flat=True)) == lines, 60)
    # Mining itself is no run, and what tasks of ours write is no news.
    assert not TaskRun.objects.filter(name="tasklog.insights.mine").exists()
    assert not Pattern.objects.filter(task="tasklog.canary").exists()
