"""E-mail, one and many, by whatever backend Django has (`EMAIL_URL`)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import group, shared_task
from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger("shop.mail")


@shared_task(name="demo.send_mail")
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


@shared_task(name="demo.send_batch")
def send_batch(to: Sequence[str], subject: str, text: str) -> int:
    """Sends to each of these over one connection; nobody sees the others' addresses."""
    sent = 0
    with get_connection() as connection:
        for number, address in enumerate(to, 1):
            print(f"{number:>3}/{len(to)}  {address}")
            sent += EmailMessage(subject, text, to=[address], connection=connection).send()
    logger.info("%d of %d sent over one connection", sent, len(to))
    return sent
