"""What was used on which day; and which schedules were made once.  Core tables: tasklog.models."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class UsageDay(models.Model):
    """One day (UTC) in figures.  Days outlive the runs they count."""

    day = models.DateField(primary_key=True)
    runs = models.PositiveIntegerField(default=0, help_text="First heard of on that day.")
    failed = models.PositiveIntegerField(default=0, help_text="Of these, those that ended badly.")
    lines = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes of these lines, uncompressed.")
    users = models.PositiveIntegerField(default=0, help_text="People who did something.")
    keys = models.PositiveIntegerField(default=0, help_text="API keys that were used.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-day"]
        verbose_name = "day of usage"
        verbose_name_plural = "days of usage"

    def __str__(self) -> str:
        return f"{self.day}: {self.runs:,} runs, {self.lines:,} lines"


class MadeSchedule(models.Model):
    """A default schedule that was made here once: what its owner did with it since is theirs."""

    name = models.CharField(max_length=200, primary_key=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
