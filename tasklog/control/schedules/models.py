"""What django-celery-beat does not keep: runs to leave out, and since when a schedule holds."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class ScheduleSkip(models.Model):
    """The next run of a schedule is left out once; beat takes the row when it comes to it."""

    schedule = models.CharField(max_length=200)
    asked_by = models.CharField(max_length=150, blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True, help_text="When the run was left out.")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["schedule"], name="tasklog_skip_waiting", condition=Q(taken_at=None)
            ),
        ]
        indexes = [models.Index(fields=["schedule", "taken_at"], name="tasklog_skip_taken")]

    def __str__(self) -> str:
        return f"skip {self.schedule} once"


class ScheduleSpan(models.Model):
    """Since when a schedule is switched on and as it is: before, no run of it can be missing."""

    schedule = models.CharField(max_length=200, primary_key=True)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.schedule} since {self.since}"
