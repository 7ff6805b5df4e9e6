"""A base for tasks that talk to others: what fails for a moment is tried again by itself."""

from __future__ import annotations

from celery import Task
from django.conf import settings


class RetryingTask(Task):  # type: ignore[type-arg]
    """Tried again when somebody else did not answer: after 60 s, 120 s … up to 10 minutes.

    Three times at most, each wait a random part of that; the settings `DEMO_RETRY…` say otherwise.
    """

    abstract = True
    autoretry_for = (ConnectionError, TimeoutError)
    max_retries = settings.DEMO_RETRIES
    default_retry_delay = settings.DEMO_RETRY_SECONDS
    retry_backoff = settings.DEMO_RETRY_SECONDS
    retry_backoff_max = settings.DEMO_RETRY_MAX_SECONDS
    retry_jitter = settings.DEMO_RETRY_JITTER
