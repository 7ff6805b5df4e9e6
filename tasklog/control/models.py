"""How deep each queue was, which run was started again or raised, and what schedules keep."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.db import models
from django.utils import timezone

from tasklog.control.schedules.models import ScheduleSkip, ScheduleSpan
from tasklog.models import TaskRun

__all__ = ["QueueSample", "Raised", "Rerun", "ScheduleSkip", "ScheduleSpan"]

# A moment is counted in so many seconds; every COARSE-th sample is kept for long.
SECONDS = 15
COARSE = 20
# A sample older than so many slots says nothing about now.
STALE = 8


def latest_slots() -> int:
    """The first slot of those that tell of now."""
    return int(time.time()) // SECONDS - STALE


class QueueSample(models.Model):
    """One queue at one moment; at most one row, however many hosts look at it."""

    queue = models.CharField(max_length=255)
    slot = models.BigIntegerField(help_text="Seconds since 1970, divided by 15.")
    depth = models.BigIntegerField(help_text="Messages that wait in the broker.")
    consumers = models.PositiveIntegerField(
        null=True, help_text="Workers that consume it; none where nobody could tell."
    )
    coarse = models.BooleanField(default=False, help_text="One of every five minutes: kept.")

    class Meta:
        verbose_name = "queue sample"
        constraints = [
            models.UniqueConstraint(fields=["queue", "slot"], name="tasklog_sample_once"),
        ]
        indexes = [
            models.Index(fields=["slot"], name="tasklog_sample_slot"),
            models.Index(
                fields=["slot"], name="tasklog_sample_fine", condition=models.Q(coarse=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.at:%H:%M:%S}: {self.depth}"

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.slot * SECONDS, UTC)


class Rerun(models.Model):
    """One retry: the guard against a double click, and the way back.

    `task_id` is the new run's, which may not be stored yet; it goes with the old.
    """

    task_id = models.CharField(max_length=255, primary_key=True)
    of = models.ForeignKey(
        TaskRun, on_delete=models.CASCADE, related_name="reruns", db_constraint=False
    )
    by = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.task_id} again for {self.of_id}"


class Raised(models.Model):
    """A running run that was raised to DEBUG, as its worker has confirmed; see `raising`."""

    task = models.OneToOneField(
        TaskRun,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="raised",
        db_constraint=False,
    )
    until = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True, default="")
    started_at = models.DateTimeField(null=True, help_text="The start of the attempt it is about.")

    def __str__(self) -> str:
        return f"{self.task_id} until {self.until:%H:%M:%S}"
