"""Looks at the queues every 15 seconds and keeps what it saw.  HOST.

Runs in the drainer, which lives wherever workers do: on its signal, but on a thread of its own, so
that a broker that hangs holds up no line.  However many hosts look, one sample is kept.  A day is
kept in full, a month at one sample for five minutes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

from celery import current_app
from django.db import DatabaseError, InterfaceError, connections

from tasklog.control.ask import ask
from tasklog.control.depths import depths
from tasklog.control.link import BrokerAway
from tasklog.control.models import COARSE, SECONDS, QueueSample
from tasklog.control.workers import alive_names
from tasklog.models import TaskRun
from tasklog.states import State

logger = logging.getLogger(__name__)

DAY, MONTH = 86_400 // SECONDS, 30 * 86_400 // SECONDS
# So many queues are looked at, and so many old rows go at once.
MOST = 100
AT_ONCE = 1000
# Names are taken from so many of the oldest runs that wait.
WAITING = 1000

_busy = threading.Lock()


def on_tick(**_: Any) -> None:
    """Samples in the background; a look that takes longer than its interval is not doubled."""
    if _busy.acquire(blocking=False):
        threading.Thread(target=_sample_alone, name="tasklog-queues", daemon=True).start()


def _sample_alone() -> None:
    try:
        sample(int(time.time()) // SECONDS)
        thin(int(time.time()) // SECONDS)
    except BrokerAway:
        pass  # a gap in the curve tells it
    except (DatabaseError, InterfaceError) as error:
        logger.info("Queues were not sampled: %s", error)
    finally:
        connections.close_all()
        _busy.release()


def sample(slot: int) -> int:
    """Keeps every queue's depth and consumers for this moment; returns how many rows were new.

    Raises `BrokerAway`.
    """
    if QueueSample.objects.filter(slot=slot).exists():
        return 0
    consumers, everybody = _consumers()
    found = depths(known_names(consumers))
    rows = [
        QueueSample(
            queue=name, slot=slot, depth=depth.messages, coarse=slot % COARSE == 0,
            consumers=_count(depth.consumers, consumers.get(name, 0), everybody),
        )
        for name, depth in found.items()
    ]  # fmt: skip
    return len(QueueSample.objects.bulk_create(rows, ignore_conflicts=True))


def known_names(more: Iterable[str] = ()) -> list[str]:
    """Queues of the settings, those seen in the last day, those of runs that wait, and `more`."""
    waiting = TaskRun.objects.filter(state=State.PENDING).order_by("created_at")
    names = {
        *current_app.amqp.queues,
        *waiting.values_list("queue", flat=True)[:WAITING],
        *sampled_names(),
        *more,
    }
    return sorted(name for name in names if name)[:MOST]


def sampled_names() -> list[str]:
    """Queues in the newest samples: a queue that was once consumed stays in sight."""
    last = QueueSample.objects.order_by("-slot").values_list("slot", flat=True).first()
    if last is None:
        return []
    return list(QueueSample.objects.filter(slot=last).values_list("queue", flat=True))


def _consumers() -> tuple[dict[str, int], bool]:
    """How many workers consume each queue, and whether everybody who lives has answered."""
    alive = alive_names()
    replies = ask({"active_queues": {}}, alive)
    found: dict[str, int] = {}
    for said in replies.values():
        queues = said.get("active_queues")
        for queue in queues if isinstance(queues, list) else []:
            name = str(queue.get("name", ""))
            found[name] = found.get(name, 0) + 1
    return found, all(name in replies for name in alive)


def _count(brokers: int | None, counted: int, everybody: bool) -> int | None:
    """What the broker knows is sure; of workers, none is sure only when all have answered."""
    if brokers is not None:
        return brokers
    return counted if counted or everybody else None


def thin(slot: int) -> int:
    """Takes out what is past its time, a bounded part of it; returns how many rows went."""
    fine = QueueSample.objects.filter(coarse=False, slot__lt=slot - DAY)
    old = QueueSample.objects.filter(slot__lt=slot - MONTH)
    gone = [pk for rows in (fine, old) for pk in rows.values_list("pk", flat=True)[:AT_ONCE]]
    return QueueSample.objects.filter(pk__in=gone).delete()[0] if gone else 0
