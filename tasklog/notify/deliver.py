"""Sends a message through channels: once each, again while that can help.  BOTH.

`send` writes down what is to go where and returns at once; the Celery task `tasklog.notify.deliver`
carries it.  At least once: a process that dies between the other side's yes and our note of it
sends again, with the same key.  What is left behind by a dead worker or an absent broker is found
by `tasklog.notify.sweep`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError

from tasklog.conf import conf
from tasklog.notify.channels import WAYS
from tasklog.notify.channels.base import Envelope
from tasklog.notify.message import Message
from tasklog.notify.models import Channel, Delivery
from tasklog.notify.transport import TransportError
from tasklog.sealing import Unreadable

logger = logging.getLogger(__name__)

# Waits between the tries (seconds): three tries within a quarter of an hour.
WAITS = (30.0, 300.0)
# A delivery that says it is being sent, and was not heard of since, is nobody's.
ABANDONED = timedelta(minutes=2)


def send(message: Message, channels: Iterable[Channel]) -> list[Delivery]:
    """Puts the message on its way; what these channels have been given before is left out."""
    made = []
    for channel in channels:
        delivery, new = Delivery.objects.get_or_create(
            channel=channel,
            key=message.key[:200],
            defaults={
                "thread": message.thread[:200],
                "title": message.title[:300],
                "message": message.as_json(),
            },
        )
        if new:
            made.append(delivery)
            transaction.on_commit(lambda pk=delivery.pk: hand_over(pk))  # type: ignore[misc]
    return made


def send_test(channels: Iterable[Channel], by: str) -> list[Delivery]:
    """A message that says it is a test; never the same twice."""
    message = Message(
        key=f"test:{uuid4()}",
        title="A test from TaskLog",
        text=f"{by} pressed Test. If you read this, the channel works.",
        url=f"{conf().url.rstrip('/')}/alerts/",
    )
    return send(message, channels)


def try_again(delivery: Delivery) -> bool:
    """A delivery that was given up has its tries once more.  False where it was not given up."""
    failed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.FAILED)
    begun = failed.update(state=Delivery.State.WAITING, tries=0, next_at=timezone.now())
    if begun:
        transaction.on_commit(lambda: hand_over(delivery.pk))
    return bool(begun)


def hand_over(delivery_id: int, wait: float = 0) -> None:
    """To a worker; without a broker it stays where the sweep will find it."""
    from tasklog.notify.tasks import deliver

    try:
        deliver.apply_async((delivery_id,), countdown=wait, retry=False)
    except OperationalError as error:
        logger.warning("Delivery %s waits for the broker: %s", delivery_id, error)


def attempt(delivery_id: int) -> str:
    """Tries it now, if it is due and nobody else does; returns what became of it, in words."""
    now = timezone.now()
    due = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.WAITING)
    # Clocks of two hosts differ a little: what is due within a second is due.
    claimed = due.filter(next_at__lte=now + timedelta(seconds=1)).update(
        state=Delivery.State.SENDING, tries=F("tries") + 1, tried_at=now
    )
    if not claimed:
        return "It is not due, or somebody else has it."
    delivery = Delivery.objects.select_related("channel").get(pk=delivery_id)
    try:
        reference = _carry(delivery)
    except TransportError as error:
        return _after(delivery, error)
    _note(delivery, Delivery.State.SENT, reference=reference[:200], error="")
    return f"Sent by {delivery.channel}."


def sweep() -> int:
    """Hands over what waits for nobody; returns how much."""
    now = timezone.now()
    lost = Delivery.objects.filter(state=Delivery.State.SENDING, tried_at__lt=now - ABANDONED)
    lost.update(state=Delivery.State.WAITING, next_at=now)
    waiting = Delivery.objects.filter(
        state=Delivery.State.WAITING, next_at__lt=now - timedelta(seconds=30)
    )
    left = list(waiting.order_by("next_at").values_list("pk", flat=True)[:500])
    for pk in left:
        hand_over(pk)
    return len(left)


def _carry(delivery: Delivery) -> str:
    channel = delivery.channel
    if not channel.enabled:
        raise TransportError("The channel is switched off.", permanent=True)
    try:
        envelope = Envelope(delivery.said, channel.settings, _earlier(delivery))
    except Unreadable as error:
        told = "The channel's settings were sealed under another key: enter them again."
        raise TransportError(told, permanent=True) from error
    return WAYS[channel.kind].deliver(envelope)


def _earlier(delivery: Delivery) -> str:
    """What the other side called the first message of this thread."""
    if not delivery.thread:
        return ""
    thread = Delivery.objects.filter(
        channel=delivery.channel_id, thread=delivery.thread, state=Delivery.State.SENT
    ).exclude(reference="")
    return thread.order_by("pk").values_list("reference", flat=True).first() or ""


def _after(delivery: Delivery, error: TransportError) -> str:
    tries = delivery.tries
    if error.permanent or tries > len(WAITS):
        _note(delivery, Delivery.State.FAILED, error=str(error))
        return f"Failed for good: {error}"
    wait = max(WAITS[tries - 1], error.retry_after or 0.0)
    again = timezone.now() + timedelta(seconds=wait)
    _note(delivery, Delivery.State.WAITING, error=str(error), next_at=again)
    hand_over(delivery.pk, wait)
    return f"{error} Tried again in {wait:.0f} s."


def _note(delivery: Delivery, state: Delivery.State, *, error: str, **values: object) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(state=state, error=error, **values)
    Channel.objects.filter(pk=delivery.channel_id).update(last_at=timezone.now(), last_error=error)
