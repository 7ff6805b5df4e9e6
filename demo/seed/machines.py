"""The workers behind the history, and how deep their queues were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2s
from math import pi, sin

from django.utils import timezone

from demo.seed.telling import WORKERS
from tasklog.control.models import COARSE, SECONDS, QueueSample
from tasklog.models import TaskWorker

# Messages that wait by day, at most.
QUEUES = {"high-priority": 3, "default": 9, "low-priority": 26}
# The last hours are sampled finely.
FINE = timedelta(hours=6)
GONE = "bulk@jobs-2"
MB = 2**20


def make(begin: datetime, end: datetime) -> None:
    """Workers were seen just now.  A sample that is there stays: it may be a real one."""
    now = timezone.now()
    for place, name in enumerate(WORKERS):
        _worker(name, place, begin, seen_at=now, stopped_at=None)
    gone = end - timedelta(hours=20)
    _worker(GONE, len(WORKERS), begin, seen_at=gone, stopped_at=gone)
    QueueSample.objects.bulk_create(_samples(begin, end), ignore_conflicts=True, batch_size=1000)


def clear() -> None:
    TaskWorker.objects.filter(pk__in=[*WORKERS, GONE]).delete()


def _worker(name: str, place: int, begin: datetime, **seen: datetime | None) -> None:
    TaskWorker.objects.update_or_create(
        name=name,
        defaults={
            "host": name.partition("@")[2], "pid": 17 + place, "pool": "prefork",
            "concurrency": 4, "rss_bytes": (96 + 7 * place) * MB, "started_at": begin,
            "versions": {"python": "3.13.1", "celery": "5.5.3", "django": "6.0"},
            **seen,
        },
    )  # fmt: skip


def _samples(begin: datetime, end: datetime) -> Iterator[QueueSample]:
    fine = int((end - FINE).timestamp()) // SECONDS
    for slot in range(int(begin.timestamp()) // SECONDS, int(end.timestamp()) // SECONDS):
        coarse = slot % COARSE == 0
        if not coarse and slot < fine:
            continue
        for queue, most in QUEUES.items():
            yield QueueSample(
                queue=queue, slot=slot, depth=_depth(queue, slot, most), consumers=2, coarse=coarse
            )


def _depth(queue: str, slot: int, most: int) -> int:
    """By the time of day, with some noise; the same whenever it is asked for."""
    hour = slot * SECONDS / 3600 % 24
    noise = blake2s(f"{queue}{slot}".encode(), digest_size=1).digest()[0] / 255
    day = max(sin((hour - 6) / 14 * pi), 0.0) if 6 <= hour <= 20 else 0.0
    return round(most * (0.15 + day) * noise * noise)
