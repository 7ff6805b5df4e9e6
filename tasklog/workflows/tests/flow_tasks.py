"""Canvases for real workers; `python -m …flow_tasks KIND` sends one from outside of any task."""

from __future__ import annotations

import sys
from typing import Any

from celery import Task, chain, chord, group, shared_task


@shared_task(name="flow.price")
def price(n: int) -> int:
    """Says three things."""
    for step in range(1, 4):
        print(f"price {n} step {step}")
    return n


@shared_task(name="flow.total")
def total(prices: Any) -> int:
    print(f"total of {prices}")
    return sum(prices) if isinstance(prices, list) else int(prices)


@shared_task(name="flow.mail")
def mail(amount: int = 0) -> int:
    print(f"mail {amount}")
    return amount


@shared_task(name="flow.bad")
def bad(n: int = 0) -> int:
    print("this goes wrong")
    raise ValueError(f"no price for {n}")


@shared_task(name="flow.told")
def told(task_id: str) -> None:
    print(f"{task_id} failed")


@shared_task(bind=True, name="flow.again", max_retries=3, default_retry_delay=0.05)
def again(self: Task[..., Any], n: int = 0) -> int:
    print(f"try {self.request.retries}")
    if self.request.retries < 2:
        raise self.retry()
    return n


@shared_task(bind=True, name="flow.instead")
def instead(self: Task[..., Any], n: int = 0) -> int:
    print("let others do it")
    raise self.replace(chain(price.s(n), mail.s()))


CANVASES = {
    "chord": lambda: chord([price.s(n) for n in range(50)], total.s()),
    "nested": lambda: chain(
        price.s(1), again.s(), group(price.s(), price.s()), total.s(), mail.s()
    ),
    "failing": lambda: chord([price.s(1), bad.s(2)], total.s()),
    "linked": lambda: bad.signature((7,), link_error=told.s()),
    "replaced": lambda: chain(price.s(1), instead.s(), total.s()),
}


def main(kinds: list[str]) -> None:
    import project.celery  # noqa: F401 - the app that the canvases are sent by

    for kind in kinds:
        CANVASES[kind]().apply_async()


if __name__ == "__main__":
    import django

    django.setup()
    main(sys.argv[1:])
