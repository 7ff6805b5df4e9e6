"""What workers do for notifications."""

from __future__ import annotations

from celery import shared_task

from tasklog.notify import deliver as room


@shared_task(name="tasklog.notify.deliver", ignore_result=True)
def deliver(delivery_id: int) -> None:
    """Tries one delivery; its log says what the other side did."""
    print(f"Delivery {delivery_id}: {room.attempt(delivery_id)}")  # noqa: T201


@shared_task(name="tasklog.notify.sweep", ignore_result=True)
def sweep() -> int:
    """Takes up deliveries that a dead worker or an absent broker left behind."""
    count = room.sweep()
    print(f"{count} deliveries were left behind and are on their way again.")  # noqa: T201
    return count
