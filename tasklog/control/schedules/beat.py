"""Leaves out what people asked to be skipped once.  In beat's own process.

Beat's scheduler, whichever it is, is asked before it sends: a row waiting for this schedule is
taken instead.  The row lies in the database, so a restarted beat finds it as well; it is taken by
one guarded UPDATE, so it counts once.
"""

from __future__ import annotations

import logging
from typing import Any

from celery.signals import beat_init
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from tasklog.control.schedules.models import ScheduleSkip

logger = logging.getLogger(__name__)


def install() -> None:
    beat_init.connect(on_start, weak=False, dispatch_uid="tasklog.control.schedules.beat")


def on_start(sender: Any = None, **_: Any) -> None:
    """Wraps `apply_entry` of this service's scheduler, once.

    By then the scheduler has noted that the entry ran, so what is left out is not due again.
    """
    scheduler = getattr(sender, "scheduler", None)
    if scheduler is None or "apply_entry" in vars(scheduler):
        return
    send = scheduler.apply_entry

    def apply_entry(entry: Any, *args: Any, **options: Any) -> None:
        if take_skip(entry.name):
            logger.info("Left out once, as asked: %s", entry.name)
        else:
            send(entry, *args, **options)

    scheduler.apply_entry = apply_entry


def take_skip(name: str) -> bool:
    """Whether this run is to be left out.  A database that is away leaves nothing out."""
    waiting = ScheduleSkip.objects.filter(schedule=name, taken_at=None)
    try:
        return bool(waiting.update(taken_at=timezone.now()))
    except (DatabaseError, InterfaceError) as error:
        logger.warning("Cannot ask what to leave out: %s", error)
        return False
