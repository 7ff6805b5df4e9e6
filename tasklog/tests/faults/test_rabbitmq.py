"""RabbitMQ carries the tasks; lines are live by Redis, or by looking into the database.

F-01  test_a_child_killed_under_rabbitmq_is_told_and_loses_no_line
F-10  test_tasks_of_rabbitmq_are_live_by_redis_or_by_polling
"""

from __future__ import annotations

import os
import signal
import uuid

import httpx
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from conftest import wait_for
from tasklog.tests.faults import figures
from tasklog.tests.faults.oracles import (
    assert_alive,
    assert_conserved,
    assert_honest,
    assert_never_blocked,
)
from tasklog.tests.faults.page import Page
from tasklog.tests.faults.servers import serve

SERVER = os.environ.get("TASKLOG_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")


@pytest.fixture
def rabbit(scene):
    """The scene with a queue of its own on that server."""
    with Connection(SERVER, connect_timeout=2) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
        except OperationalError:
            pytest.skip("no RabbitMQ answers; TASKLOG_TEST_RABBITMQ names one")
        scene.queue = f"tasklog-{uuid.uuid4().hex}"
        scene.stack.env["CELERY_BROKER_URL"] = SERVER
        yield scene
        scene.stack.close()
        connection.default_channel.queue_delete(scene.queue)


def named(rabbit):
    """A worker with a name of its own: on that server there may be others."""
    return rabbit.worker(1, "-n", f"{rabbit.queue}@test")


@pytest.mark.parametrize("live", ["redis", "polling"])
def test_tasks_of_rabbitmq_are_live_by_redis_or_by_polling(rabbit, admin_client, live):
    if live == "polling":
        rabbit.stack.env["CELERY_TASKLOG_REDIS_URL"] = ""
    named(rabbit)
    url = serve(rabbit.stack)
    assert httpx.get(f"{url}/readyz", timeout=10).status_code == 200
    emission = rabbit.emit(2_000, 200)
    wait_for(lambda: emission.numbers(), 60, rabbit.explain)
    page = Page(url, emission.task_id, admin_client)
    wait_for(lambda: page.numbers, 60, rabbit.explain)
    assert emission.truth.calls < 2_000, "the lines came while it still printed"
    assert emission.ended(figures.CAUGHT_UP).state == "SUCCESS"
    wait_for(lambda: len(page.numbers) == 2_000, figures.allowed(figures.POLLING), rabbit.explain)
    assert page.numbers == list(range(1, 2_001))
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)


def test_a_child_killed_under_rabbitmq_is_told_and_loses_no_line(rabbit, child_of):
    named(rabbit)
    emission = rabbit.emit(1_000_000, 2_000)
    os.kill(child_of(emission), signal.SIGKILL)
    run = emission.ended(figures.NOTICED + figures.KILLED)
    assert (run.state, run.cause) == ("FAILURE", "killed")
    assert_conserved(emission, killed=True)
    assert_never_blocked(emission)
    assert_honest(emission)
    assert_alive(rabbit.fresh())
