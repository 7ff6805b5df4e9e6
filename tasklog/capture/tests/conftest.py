"""Tasks of `pool_tasks` in real workers, and what is stored of them."""

import threading
import uuid

import pytest
from celery import Celery

from conftest import wait_for
from tasklog.models import TaskLogLine, TaskRun
from tasklog.spool import record
from tasklog.spool.record import LineRecord
from tasklog.states import FINISHED

MODULE = "tasklog.capture.tests.pool_tasks"


class Kept:
    """A sink that keeps what it gets."""

    fd, room, stem = -1, 0, ""

    def __init__(self):
        self.lock, self.records = threading.RLock(), []

    def prepare(self, size):
        return False

    def append(self, data, *, line=False):
        self.records.append(record.decode(data[:-1]))
        return True

    def lines(self):
        return [one for one in self.records if isinstance(one, LineRecord)]

    def texts(self):
        return [one.message for one in self.lines()]


@pytest.fixture
def send(stack, broker_url):
    """`send("name", …)` publishes a task of `pool_tasks`; its id."""
    app = Celery(broker=broker_url, set_as_current=False)

    def publish(name, *args):
        task_id = str(uuid.uuid4())
        app.send_task(f"capture.{name}", args, task_id=task_id)
        return task_id

    yield publish
    app.close()


@pytest.fixture
def run(stack, send):
    """`run(pool, "name", …)` is the finished run and its lines (stream, level, logger, text)."""

    def finish(pool, name, *args, **env):
        worker = stack.worker(pool, 2, "-I", MODULE, **env)
        task_id = send(name, *args)
        ended(stack, worker, task_id)
        return TaskRun.objects.get(pk=task_id), lines(task_id)

    return finish


def ended(stack, worker, *ids):
    def done():
        return TaskRun.objects.filter(pk__in=ids, state__in=FINISHED).count() == len(ids)

    wait_for(done, 60, lambda: f"{list(TaskRun.objects.values())}\n{stack.output(worker)}")


def lines(task_id):
    found = TaskLogLine.objects.filter(task_id=task_id).order_by("number")
    return list(found.values_list("stream", "level", "logger", "message"))


def texts(found):
    return [text for *_, text in found]
