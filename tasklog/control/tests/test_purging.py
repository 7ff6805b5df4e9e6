"""Purging on real brokers: the run of every message that goes is ended."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery, current_app
from django.db import OperationalError
from kombu import Connection

from tasklog.control import depths, purging, taking
from tasklog.control.link import link
from tasklog.models import TaskRun

Send = Callable[..., list[str]]


@pytest.fixture(params=["redis", "rabbitmq"])
def url(request: pytest.FixtureRequest) -> str:
    """The bundled broker, and a RabbitMQ where one answers."""
    name = "rabbit" if request.param == "rabbitmq" else "broker_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def queue(db: None, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue of its own on the broker that this process speaks to."""
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, url)
    name = f"tasklog-{uuid.uuid4().hex}"
    yield name
    with link() as connection:
        connection.default_channel.queue_delete(name)


@pytest.fixture
def send(queue: str, url: str) -> Iterator[Send]:
    """`send(3)` publishes three tasks and makes their runs; without `known` nobody has heard."""
    app = Celery(broker=url, set_as_current=False)

    def publish(count: int, *, known: bool = True, **options: Any) -> list[str]:
        with app.producer_pool.acquire() as producer:
            sent = [
                app.send_task("shop.pay", queue=queue, producer=producer, **options).id
                for _ in range(count)
            ]
        TaskRun.objects.bulk_create(TaskRun(pk=pk, queue=queue) for pk in sent if known)
        return sent

    yield publish
    app.close()


def waiting(queue: str) -> int:
    return depths.depths([queue])[queue].messages


def revoked(queue: str) -> set[str]:
    ended = TaskRun.objects.filter(state="REVOKED", cause="revoked", finished_at__isnull=False)
    ended = ended.filter(reason=f"its message was thrown away from the queue {queue}")
    return set(ended.values_list("pk", flat=True))


def test_every_run_is_ended_however_many_there_are(
    queue: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "PART", 50)
    sent = {*send(2_100), *send(60, priority=9)}
    TaskRun.objects.create(pk="other", queue=queue)
    outcome = purging.PURGE.effect(queue)
    assert outcome == (f"2,160 messages thrown away from {queue}.", "done", 2_160)
    assert revoked(queue) == sent
    assert waiting(queue) == 0
    assert purging.PURGE.effect(queue).told == f"{queue} was empty."


def test_a_run_that_goes_already_is_left_alone(queue: str, send: Send) -> None:
    first, second = send(2)
    TaskRun.objects.filter(pk=first).update(state="STARTED")
    purging.PURGE.effect(queue)
    assert revoked(queue) == {second}


def test_a_run_nobody_has_heard_of_yet_does_not_wait_when_it_is_heard_of(
    queue: str, send: Send, settings: Any
) -> None:
    """Behind a flood its publisher's word is still on the way to the database."""
    sent = send(3, known=False)
    purging.PURGE.effect(queue)
    assert revoked(queue) == set(sent)
    assert set(TaskRun.objects.values_list("name", flat=True)) == {"shop.pay"}
    settings.CELERY_TASKLOG_EXCLUDE = ["shop.*"]
    send(1, known=False)
    purging.PURGE.effect(queue)
    assert TaskRun.objects.count() == 3


def test_what_there_is_no_time_for_waits_on_and_is_told(
    queue: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "SECONDS", 0.0)
    for module_part in ("PART", "FIRST"):
        monkeypatch.setattr(taking, module_part, 2)
    sent = send(5)
    told = purging.PURGE.effect(queue).told
    assert told.startswith(f"2 messages thrown away from {queue}. 3 are left")
    assert (revoked(queue), waiting(queue)) == (set(sent[:2]), 3)


def test_messages_whose_runs_cannot_be_ended_stay_in_their_order(
    queue: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = send(3)

    def away(*_: Any) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(purging.Ending, "__call__", away)
        with pytest.raises(OperationalError):
            purging.PURGE.effect(queue)
    assert waiting(queue) == 3
    with link() as connection, connection.channel() as channel:
        found = [message.task_id for message in taking.taker_of(connection, channel, queue).take()]
    assert found == sent


def test_messages_of_strangers_are_counted(queue: str, send: Send, url: str) -> None:
    sent = send(1)
    with Connection(url) as connection, connection.SimpleQueue(queue) as strangers:
        for body in ({}, "text", ["id"]):
            strangers.put(body)
    told = purging.PURGE.effect(queue).told
    assert told == (
        f"4 messages thrown away from {queue}. 3 of them named no task: if one had a run, it goes "
        "on waiting."
    )
    assert revoked(queue) == set(sent)


@pytest.mark.parametrize(
    "text", [b"", b"no json", b"[]", b"{}", b'{"headers": null}', b'{"headers": {"id": 7}}',
             json.dumps({"headers": {"id": "a\0b"}}).encode(),
             json.dumps({"headers": {"id": "x" * 256}}).encode()],
)  # fmt: skip
def test_what_is_no_task_is_named_so(text: bytes) -> None:
    assert taking._of_text(text) == taking.Message("")


def test_a_part_of_large_messages_is_small(
    queue: str, send: Send, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "CHARS", 100_000)
    send(60, args=["x" * 20_000])
    with link() as connection, connection.channel() as channel:
        taker = taking.taker_of(connection, channel, queue)
        sizes = []
        while part := taker.take():
            sizes.append(len(part))
            taker.forget()
    assert sum(sizes) == 60
    assert max(sizes[1:]) <= 6
