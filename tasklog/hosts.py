"""Who is alive on which host: workers by their heartbeats, drainers by their notes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from tasklog.conf import DEAD_AFTER_SECONDS

DEAD = timedelta(seconds=DEAD_AFTER_SECONDS)


class WorkerQuerySet(models.QuerySet["TaskWorker"]):
    """What is asked of workers."""

    def vanished(self, now: datetime, within: timedelta) -> WorkerQuerySet:
        """Those heard of within that time and not any more, that did not say goodbye.

        The drainer notes an end for one that it misses; a goodbye follows a heartbeat sooner.
        """
        silent = self.filter(seen_at__lt=now - DEAD, seen_at__gte=now - within)
        missed = models.Q(stopped_at__gte=models.F("seen_at") + DEAD)
        return silent.filter(models.Q(stopped_at=None) | missed)


class TaskWorker(models.Model):
    """A worker by its Celery node name, as its heartbeats tell."""

    name = models.CharField(max_length=255, primary_key=True)
    host = models.CharField(max_length=255, blank=True, default="")
    pid = models.PositiveIntegerField(default=0)
    pool = models.CharField(max_length=32, blank=True, default="")
    concurrency = models.PositiveIntegerField(default=0)
    versions = models.JSONField(default=dict, blank=True)
    rss_bytes = models.BigIntegerField(default=0)
    # What its processes held at its last heartbeat, and what there was for all.
    memory = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="Stopped on purpose.")

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.name


class Drainer(models.Model):
    """The drainer of one host: alive, and how far behind."""

    host = models.CharField(max_length=255, primary_key=True)
    pid = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    lag_ms = models.FloatField(default=0, help_text="Age of the newest batch when stored.")
    waiting_bytes = models.BigIntegerField(default=0, help_text="In the spool, not yet stored.")
    spool_bytes = models.BigIntegerField(default=0)
    lines_per_second = models.FloatField(default=0)
    lines_stored = models.BigIntegerField(default=0)
    damaged = models.BigIntegerField(default=0)
    error = models.TextField(blank=True, default="", help_text="What stands in the way, if any.")

    def __str__(self) -> str:
        return self.host
