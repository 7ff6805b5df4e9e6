"""A base for tasks that talk to others: what fails for a moment is tried again by itself."""

from __future__ import annotations

from smtplib import SMTPConnectError, SMTPServerDisconnected
from socket import gaierror
from typing import Any, NoReturn

from celery import Task
from celery.utils.time import get_exponential_backoff_interval
from django.conf import settings
from django.db import InterfaceError, OperationalError

# Somebody did not answer, and may in a minute.  A refusal is none of these.
AWAY = (
    ConnectionError, TimeoutError, gaierror, SMTPConnectError, SMTPServerDisconnected,
    OperationalError, InterfaceError,
)  # fmt: skip


class RetryingTask(Task):  # type: ignore[type-arg]
    """Tried again when somebody else did not answer: after 60 s, 120 s … up to 10 minutes.

    Three times at most, each wait a random part of that; the settings `DEMO_RETRY…` say otherwise.
    """

    abstract = True
    autoretry_for = AWAY
    max_retries = settings.DEMO_RETRIES
    default_retry_delay = settings.DEMO_RETRY_SECONDS
    retry_backoff = settings.DEMO_RETRY_SECONDS
    retry_backoff_max = settings.DEMO_RETRY_MAX_SECONDS
    retry_jitter = settings.DEMO_RETRY_JITTER

    def go_on(self, error: Exception, **call: Any) -> NoReturn:
        """The same wait by hand, with other `args`: for one that has done a part already."""
        wait = get_exponential_backoff_interval(
            self.retry_backoff, self.request.retries, self.retry_backoff_max, self.retry_jitter
        )
        raise self.retry(exc=error, countdown=wait, **call)
