"""Rules that watch, and the incidents they open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from tasklog.notify.models import Channel


class Condition(models.TextChoices):
    """What a rule watches.  Each is one function in `conditions.py`."""

    FAILED = "failed", "A task failed"
    ERROR_RATE = "error_rate", "Too many of a task's runs fail"
    SLOW = "slow", "A run took far longer than usual"
    SILENT = "silent", "A task has not run"
    QUIET = "quiet", "A running task has gone quiet"
    PATTERN = "pattern", "A line matches a pattern"
    QUEUE = "queue", "A queue is too long"
    WORKER = "worker", "A worker is gone"
    SOURCE = "source", "A source brings lines"


# Judged when the news comes; the others are asked every five minutes.
AT_ONCE = (Condition.FAILED, Condition.SLOW, Condition.PATTERN, Condition.SOURCE)


class Rule(models.Model):
    """One thing to watch: where, what, and whom to tell."""

    name = models.CharField(max_length=100, unique=True)
    condition = models.CharField(max_length=12, choices=Condition)
    # Shell patterns with commas between; empty for everywhere.
    tasks = models.CharField(max_length=500, blank=True, default="")
    tags = models.CharField(max_length=500, blank=True, default="")
    queues = models.CharField(max_length=500, blank=True, default="")
    sources = models.CharField(max_length=500, blank=True, default="")
    limits = models.JSONField(default=dict, blank=True, help_text="The condition's own numbers.")
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")
    enabled = models.BooleanField(default=True)
    cooldown_minutes = models.PositiveIntegerField(
        default=5, help_text="Between two of its messages."
    )
    calm_minutes = models.PositiveIntegerField(
        default=60, help_text="Without news for so long, an incident is over."
    )
    quiet_from = models.TimeField(null=True, blank=True, help_text="UTC")
    quiet_until = models.TimeField(null=True, blank=True, help_text="UTC")
    created_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="Its newest message.")
    problem = models.TextField(blank=True, default="", help_text="Why it could not be judged.")

    class Meta:
        ordering = ["name"]
        verbose_name = "alert rule"

    def __str__(self) -> str:
        return self.name

    def is_quiet(self, at: datetime) -> bool:
        """Within the quiet hours?  They may span midnight; both ends alike are the whole day."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        now, begin, end = at.time(), self.quiet_from, self.quiet_until
        return begin <= now < end if begin < end else now >= begin or now < end

    def number(self, name: str, otherwise: float) -> float:
        """One of its limits."""
        value = self.limits.get(name)
        return float(value) if isinstance(value, (int, float)) else otherwise


class Incident(models.Model):
    """What a rule found, from the first sign until it is over."""

    class State(models.TextChoices):
        """Acknowledged: somebody has it, nobody is told any more."""

        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        RESOLVED = "resolved", "Resolved"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="incidents")
    # What it is about within the rule: a task's name, a queue, a worker.
    about = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True, default="")
    count = models.BigIntegerField(default=1)
    run_id = models.CharField(max_length=255, blank=True, default="", help_text="The newest.")
    quotes = models.JSONField(default=list, blank=True, help_text="The first lines, and the last.")
    opened_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)
    told_count = models.BigIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "incident"
        constraints = [
            # What comes while one is open joins it, whichever process has the news.
            models.UniqueConstraint(
                fields=["rule", "about"],
                condition=models.Q(state__in=["open", "acknowledged"]),
                name="tasklog_incident_open",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="tasklog_incident_state"),
            models.Index(fields=["rule", "-id"], name="tasklog_incident_rule"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state != self.State.RESOLVED

    @property
    def duration(self) -> timedelta:
        """From the first sign to its end, or to now."""
        return (self.resolved_at or timezone.now()) - self.opened_at

    def as_facts(self) -> tuple[tuple[str, str], ...]:
        """What a message says of it in pairs."""
        found: list[tuple[str, Any]] = [("Rule", self.rule.name)]
        if self.about:
            found.append(("About", self.about))
        found.append(("Since", f"{self.opened_at:%Y-%m-%d %H:%M:%S} UTC"))
        if self.count > 1:
            found.append(("Times", f"{self.count:,}"))
        return tuple((name, str(value)) for name, value in found)
