"""Depths and consumers on a real broker; samples on the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.contrib.auth.models import User
from django.utils import timezone

from tasklog.control import answers, depths, history, purging, queues, samples
from tasklog.control.models import QueueSample
from tasklog.models import TaskRun, TaskWorker


@pytest.fixture
def asking(db: None, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Celery:
    """This process speaks to a broker; the app publishes to it."""
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, broker_url)
    answers.forget()
    return Celery(broker=broker_url, set_as_current=False)


def send(app: Celery, queue: str, count: int, **options: Any) -> set[str]:
    return {app.send_task("demo.quick", queue=queue, **options).id for _ in range(count)}


def test_a_queue_is_counted_with_its_priorities_and_named(asking: Celery) -> None:
    send(asking, "counted", 3)
    send(asking, "counted", 2, priority=9)
    assert depths.depths(["counted", "empty"]) == {"counted": (5, None), "empty": (0, None)}
    assert depths.newest_tasks("counted") == [("demo.quick", 5)]
    assert purging.PURGE.effect("counted").made == 5


def test_a_queue_with_something_in_it_that_nobody_consumes_is_told(asking: Celery) -> None:
    send(asking, "lonely", 2)
    TaskRun.objects.create(
        task_id="waits", queue="lonely", queued_at=timezone.now() - timedelta(minutes=9)
    )
    slot = now()
    assert samples.sample(slot) > 0
    assert samples.sample(slot) == 0  # another host looked already
    [row] = QueueSample.objects.filter(queue="lonely")
    assert (row.depth, row.consumers) == (2, 0)
    assert [one.queue for one in queues.stuck_queues()] == ["lonely"]
    found = queues.queue_list(User())
    assert found.queues[0].name == "lonely"
    assert found.queues[0].stuck
    assert found.queues[0].oldest
    purging.PURGE.effect("lonely")


def test_nobody_is_said_only_when_everybody_has_answered(asking: Celery) -> None:
    TaskWorker.objects.create(name="frozen@host")
    samples.sample(slot=now())
    assert set(QueueSample.objects.values_list("consumers", flat=True)) == {None}
    assert queues.stuck_queues() == []


def test_old_samples_are_thinned_and_the_curve_still_has_them(db: None) -> None:
    last = now()
    for age in (0, 1, samples.DAY + 1, samples.DAY + 2, samples.MONTH + 20):
        slot = last - age
        slot -= slot % 20 if age > samples.DAY + 1 else 0
        QueueSample.objects.create(queue="q", slot=slot, depth=age + 1, coarse=slot % 20 == 0)
    samples.thin(last)
    left = list(QueueSample.objects.values_list("slot", flat=True))
    assert last in left
    assert all(slot > last - samples.MONTH for slot in left)
    assert all(slot % 20 == 0 for slot in left if slot < last - samples.DAY)
    hour = [point.depth for point in history.history("q", "1h")]
    assert hour[-2:] == [2, 1]
    assert hour[0] is None
    assert any(point.depth for point in history.history("q", "7d"))


def now() -> int:
    return int(timezone.now().timestamp()) // 15
