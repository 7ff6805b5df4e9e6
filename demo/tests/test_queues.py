"""Which queue a task goes to, and how it is tried again."""

from __future__ import annotations

import pytest

from demo.tasks.retrying import RetryingTask
from project.celery import app


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("demo.quick", "high-priority"),
        ("demo.flood", "low-priority"),
        ("demo.long", "default"),
        ("somebody.elses", "default"),
    ],
)
def test_a_task_goes_to_the_queue_of_its_name(task: str, queue: str) -> None:
    route = app.amqp.router.route({}, task)
    found = route["queue"]
    assert (found.name, found.routing_key) == (queue, queue)


def test_a_worker_consumes_all_of_them_and_what_clients_without_routes_send() -> None:
    consumed = {"high-priority", "default", "low-priority", "celery"}
    assert consumed <= set(app.amqp.queues.consume_from)


def test_a_task_that_talks_to_others_is_tried_again_by_itself() -> None:
    @app.task(base=RetryingTask, name="test.retrying", shared=False)
    def call() -> None:
        raise ConnectionError("nobody there")

    assert (call.max_retries, call.default_retry_delay) == (3, 60)
    assert call.retry_backoff_max == 600
    del app.tasks["test.retrying"]
