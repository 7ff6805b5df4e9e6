"""Once each, again while it can help, and given up in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasklog.notify import deliver
from tasklog.notify.message import Message
from tasklog.notify.models import Channel, Delivery
from tasklog.notify.tests.conftest import Receiver

pytestmark = pytest.mark.django_db
NEWS = Message(key="incident-7:opened", title="orders.import failed", thread="incident-7")


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """What would go to a worker, and after how many seconds."""
    calls: list[tuple[int, float]] = []
    monkeypatch.setattr(deliver, "hand_over", lambda pk, wait=0.0: calls.append((pk, wait)))
    return calls


@pytest.fixture
def channel(settings: Any, receiver: Receiver) -> Channel:
    settings.CELERY_TASKLOG_OUTBOUND_HOSTS = ["127.0.0.1"]
    channel = Channel(name="hook", kind="webhook")
    channel.settings = {"address": receiver.url, "secret": "a-secret-that-signs"}
    channel.save()
    return channel


def on_its_way(channel: Channel) -> Delivery:
    (delivery,) = deliver.send(NEWS, [channel])
    return delivery


def test_the_same_news_goes_through_a_channel_once(channel: Channel, handed: list[Any]) -> None:
    assert len(deliver.send(NEWS, [channel])) == 1
    assert deliver.send(NEWS, [channel]) == []


def test_a_delivery_is_sent_once_however_often_it_is_handed_over(
    channel: Channel, receiver: Receiver, handed: list[Any]
) -> None:
    delivery = on_its_way(channel)
    assert deliver.attempt(delivery.pk) == "Sent by hook."
    deliver.attempt(delivery.pk)
    assert len(receiver.got) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.error) == ("sent", 1, "")


def test_three_tries_within_a_quarter_of_an_hour_then_it_has_failed(
    channel: Channel, receiver: Receiver, handed: list[tuple[int, float]]
) -> None:
    delivery = on_its_way(channel)
    for _ in range(3):
        receiver.will_answer(503)
        Delivery.objects.update(next_at=timezone.now())
        deliver.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("failed", 3)
    assert delivery.error == "It answered 503."
    waits = [wait for _, wait in handed if wait]
    assert waits == list(deliver.WAITS)
    assert sum(waits) <= 15 * 60
    channel.refresh_from_db()
    assert channel.last_error == "It answered 503."


def test_a_wait_that_is_asked_for_is_kept(
    channel: Channel, receiver: Receiver, handed: list[tuple[int, float]]
) -> None:
    receiver.will_answer(429, Retry_After="120")
    deliver.attempt(on_its_way(channel).pk)
    assert [wait for _, wait in handed if wait] == [120]


def test_what_is_refused_for_good_is_not_tried_again(
    channel: Channel, receiver: Receiver, handed: list[tuple[int, float]]
) -> None:
    receiver.will_answer(404)
    delivery = on_its_way(channel)
    deliver.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert [wait for _, wait in handed if wait] == []


def test_a_channel_sealed_under_a_key_that_is_gone_says_so(
    channel: Channel, handed: list[Any], settings: Any
) -> None:
    settings.CELERY_TASKLOG_SEAL_KEYS = ["another key"]
    delivery = on_its_way(channel)
    assert "enter them again" in deliver.attempt(delivery.pk)
    assert not channel.readable


def test_a_new_key_in_front_reads_what_the_old_one_sealed(channel: Channel, settings: Any) -> None:
    settings.CELERY_TASKLOG_SEAL_KEYS = ["a new key", settings.SECRET_KEY]
    assert channel.settings["secret"] == "a-secret-that-signs"


def test_what_a_dead_worker_left_behind_is_taken_up(
    channel: Channel, handed: list[tuple[int, float]]
) -> None:
    delivery = on_its_way(channel)
    long_ago = timezone.now() - timedelta(minutes=5)
    Delivery.objects.update(state="sending", tried_at=long_ago, next_at=long_ago)
    assert deliver.sweep() == 0  # due now; others may still be on their way to it
    Delivery.objects.update(next_at=long_ago)
    assert deliver.sweep() == 1
    assert handed[-1][0] == delivery.pk


def test_a_broker_that_is_away_leaves_it_for_the_sweep(channel: Channel, settings: Any) -> None:
    from celery import current_app

    current_app.conf.task_always_eager = False
    before, current_app.conf.broker_url = current_app.conf.broker_url, "redis://127.0.0.1:9/0"
    try:
        deliver.hand_over(on_its_way(channel).pk)
    finally:
        current_app.conf.broker_url, current_app.conf.task_always_eager = before, True
    assert Delivery.objects.get().state == "waiting"
