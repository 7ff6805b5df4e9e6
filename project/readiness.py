"""Has the local stack come up?  Asks web, worker and drainer themselves."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from contextlib import suppress

from celery import Celery
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError

from tasklog.models import Drainer


class Waiting:
    """The questions that are still open; each is asked until its first yes."""

    def __init__(self, url: str, broker_url: str) -> None:
        # The broker's address may be newer than this process's settings.
        self._app = Celery("up", broker=broker_url, set_as_current=False)
        self._url = url
        self._since = timezone.now()
        self._open: list[Callable[[], bool]] = [self._web, self._drainer, self._worker]

    def over(self) -> bool:
        while self._open and self._open[0]():
            self._open.pop(0)
        return not self._open

    @property
    def name(self) -> str:
        """Who has not answered yet."""
        return self._open[0].__name__.lstrip("_") if self._open else ""

    def _web(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self._url}readyz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
        return False

    def _drainer(self) -> bool:
        with suppress(DatabaseError):
            return Drainer.objects.filter(seen_at__gte=self._since).exists()
        return False

    def _worker(self) -> bool:
        with suppress(OSError, OperationalError):
            return bool(self._app.control.ping(timeout=0.5, limit=1))
        return False
