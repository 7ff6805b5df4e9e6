"""E-mail, one and many, by whatever backend Django has (`EMAIL_URL`)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import group, shared_task
from django.core.mail import EmailMessage, get_connection

from demo.tasks.retrying import AWAY, RetryingTask

logger = logging.getLogger("shop.mail")


@shared_task(base=RetryingTask, name="demo.send_mail")
def send_mail(to: str, subject: str, text: str) -> int:
    """Sends one message; how many were taken."""
    print(f"to {to}: {subject}")
    sent = EmailMessage(subject, text, to=[to]).send()
    logger.info("the mail server took %d message", sent)
    return sent


@shared_task(name="demo.send_bulk")
def send_bulk(to: Sequence[str], subject: str, text: str, batch_size: int = 10) -> dict[str, int]:
    """Sends the same message to many, in batches that run beside each other."""
    batches = [list(to[n : n + batch_size]) for n in range(0, len(to), batch_size)]
    print(f"{len(to)} recipients in {len(batches)} batches of at most {batch_size}")
    started = group(send_batch.s(batch, subject, text) for batch in batches).apply_async()
    print(f"started as group {started.id}")
    return {"recipients": len(to), "batches": len(batches)}


@shared_task(bind=True, base=RetryingTask, name="demo.send_batch")
def send_batch(self: RetryingTask, to: Sequence[str], subject: str, text: str) -> int:
    """Sends to each of these over one connection; nobody sees the others' addresses.

    When the server goes away it is tried again with those that are left: nobody gets it twice.
    """
    sent = 0
    try:
        with get_connection() as connection:
            for number, address in enumerate(to, 1):
                print(f"{number:>3}/{len(to)}  {address}")
                EmailMessage(subject, text, to=[address], connection=connection).send()
                sent += 1
    except AWAY as error:
        logger.warning("the mail server went away after %d of %d: %s", sent, len(to), error)
        if sent == len(to):  # only the goodbye failed
            return sent
        self.go_on(error, args=[list(to[sent:]), subject, text])
    logger.info("%d of %d sent over one connection", sent, len(to))
    return sent
