"""Asks a worker to count when there are new lines, or runs that ended.

HOST: in the drainer, on a thread of its own.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import DatabaseError, InterfaceError, connections
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import KombuError

from tasklog.insights import ended, mining
from tasklog.insights.models import Cursor

logger = logging.getLogger(__name__)

# Nobody is asked again meanwhile; a message that waits longer is worth nothing.
PATIENCE = timedelta(minutes=2)
# A broker that is frozen lets go of the thread after so many seconds.
SECONDS = 5
LIMITS = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS, "max_retries": 0}
_busy = threading.Lock()


def answered() -> None:
    """What was asked for is done: the next one may be asked."""
    Cursor.objects.filter(name=mining.LINES, asked_at__isnull=False).update(asked_at=None)


def on_tick(**_: Any) -> None:
    """Looks in the background: a broker that hangs holds up no line."""
    if _busy.acquire(blocking=False):
        threading.Thread(target=_ask_alone, name="tasklog-insights", daemon=True).start()


def _ask_alone() -> None:
    try:
        ask()
    except (DatabaseError, InterfaceError, KombuError, OSError) as error:
        logger.info("Nobody was asked to mine: %s", error)
    finally:
        connections.close_all()
        _busy.release()


def ask() -> bool:
    """Hands the work to a worker, unless one has it or there is none; of several hosts one asks."""
    from tasklog.insights.tasks import mine

    if not (mining.is_behind() or ended.is_behind()):
        return False
    now = timezone.now()
    Cursor.objects.get_or_create(name=mining.LINES)
    free = Q(asked_at=None) | Q(asked_at__lt=now - PATIENCE)
    if not Cursor.objects.filter(free, name=mining.LINES).update(asked_at=now):
        return False
    broker = current_app.connection_for_write(connect_timeout=SECONDS, transport_options=LIMITS)
    with broker:
        options: dict[str, Any] = {"connection": broker, "retry": False}
        mine.apply_async(expires=PATIENCE.total_seconds(), **options)
    return True
