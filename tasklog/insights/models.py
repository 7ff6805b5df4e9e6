"""Patterns and their hours, figures of tasks, what is unusual, findings and reports.

An hour is a number: full hours since 1970 UTC.  A series is plain arithmetic then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.utils import timezone

HOUR = 3600
# The pattern of a task that takes what its other patterns leave.
OTHERS = "(other lines)"


def hour_of(moment: datetime) -> int:
    """The hour that holds this moment."""
    return int(moment.timestamp()) // HOUR


def moment_of(hour: int) -> datetime:
    """The beginning of this hour."""
    return datetime.fromtimestamp(hour * HOUR, UTC)


class Cursor(models.Model):
    """How far one of our own readers has come; moves in the transaction of what it counted."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="A worker was asked to go on.")
    moved_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


class Pattern(models.Model):
    """One kind of line of one task: what stays the same in it."""

    fingerprint = models.CharField(max_length=32, unique=True)
    task = models.CharField(max_length=255)
    template = models.CharField(max_length=400)
    level = models.PositiveSmallIntegerField(default=0, help_text="The highest seen.")
    total = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    example = models.TextField(blank=True, default="")
    # Where it was seen last: [task id, number of the line] each, the newest first.
    places = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-last_seen", "-id"]
        verbose_name = "pattern"
        indexes = [
            models.Index(fields=["last_seen", "id"], name="tasklog_pattern_last"),
            models.Index(fields=["first_seen"], name="tasklog_pattern_first"),
            models.Index(fields=["task", "last_seen"], name="tasklog_pattern_task"),
        ]

    def __str__(self) -> str:
        return self.template

    @property
    def is_others(self) -> bool:
        return self.template == OTHERS


class PatternHour(models.Model):
    """How often a pattern was seen in one hour."""

    pattern = models.ForeignKey(Pattern, on_delete=models.CASCADE, related_name="hours")
    hour = models.PositiveIntegerField()
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pattern", "hour"], name="tasklog_pattern_hour"),
        ]
        indexes = [models.Index(fields=["hour"], name="tasklog_pattern_hours")]

    def __str__(self) -> str:
        return f"{self.count} in {moment_of(self.hour):%Y-%m-%d %H:00}"


class TaskHour(models.Model):
    """What a task's runs that ended within one hour amount to."""

    task = models.CharField(max_length=255)
    hour = models.PositiveIntegerField()
    ended = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    timed = models.PositiveIntegerField(default=0, help_text="Those with a duration.")
    seconds = models.FloatField(default=0)
    longest = models.FloatField(default=0, help_text="Seconds")
    lines = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "task"], name="tasklog_task_hour"),
        ]
        indexes = [models.Index(fields=["task", "hour"], name="tasklog_task_hours")]

    def __str__(self) -> str:
        return f"{self.task} at {moment_of(self.hour):%Y-%m-%d %H:00}"


class RunFigures(models.Model):
    """What one run's lines amount to, once it was asked for; of an upload as of any other."""

    task_id = models.CharField(max_length=255, primary_key=True)
    made_at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "run figures"

    def __str__(self) -> str:
        return self.task_id


class Anomaly(models.Model):
    """An hour in which something came far more often, or far less, than it usually does."""

    class Kind(models.TextChoices):
        """What about it is unusual."""

        BURST = "burst", "Burst"
        SILENCE = "silence", "Silence"
        FAILURES = "failures", "Failures"

    kind = models.CharField(max_length=8, choices=Kind)
    task = models.CharField(max_length=255)
    pattern = models.ForeignKey(
        Pattern, on_delete=models.CASCADE, null=True, blank=True, related_name="anomalies"
    )
    hour = models.PositiveIntegerField()
    storm = models.PositiveIntegerField(help_text="The hour in which the task's storm began.")
    observed = models.FloatField()
    usual = models.FloatField()
    score = models.FloatField(help_text="Robust deviations from the usual.")
    sentence = models.CharField(max_length=300)
    # One hour of one thing is told once, however often it is judged.
    key = models.CharField(max_length=300, unique=True)

    class Meta:
        ordering = ["-hour", "-score"]
        verbose_name_plural = "anomalies"
        indexes = [models.Index(fields=["-hour", "-id"], name="tasklog_anomaly_hour")]

    def __str__(self) -> str:
        return self.sentence

    @property
    def at(self) -> datetime:
        return moment_of(self.hour)

    @property
    def end(self) -> int:
        return self.hour + 1

    @property
    def ended(self) -> datetime:
        return moment_of(self.end)

    @property
    def failed(self) -> bool:
        """Is its proof the runs that failed?"""
        return self.kind == self.Kind.FAILURES


class Finding(models.Model):
    """One sentence worth reading, with where its proof is.  Made anew for each day.

    What tells of the same stands behind it: `head` is the finding that it proves, too.
    """

    class Kind(models.TextChoices):
        """What it is about."""

        NEW = "new", "New pattern"
        GONE = "gone", "Vanished"
        UNUSUAL = "unusual", "Unusual"
        FAILING = "failing", "Fails more"
        BETTER = "better", "Fails less"
        SLOW = "slow", "Slower"

    day = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind)
    task = models.CharField(max_length=255, blank=True, default="")
    pattern = models.ForeignKey(
        Pattern, on_delete=models.CASCADE, null=True, blank=True, related_name="findings"
    )
    head = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="also"
    )
    # The hours it is about; empty for the last day.
    begin = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    sentence = models.CharField(max_length=600)
    score = models.FloatField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-day", "-score", "id"]
        verbose_name = "finding"
        indexes = [models.Index(fields=["day", "-score"], name="tasklog_finding_day")]

    def __str__(self) -> str:
        return self.sentence

    @property
    def began(self) -> datetime | None:
        return None if self.begin is None else moment_of(self.begin)

    @property
    def ended(self) -> datetime | None:
        return None if self.end is None else moment_of(self.end)

    @property
    def failed(self) -> bool:
        """Is its proof the runs that failed?"""
        return self.kind == self.Kind.FAILING


class Report(models.Model):
    """What happened in a stretch of time, kept as it was told."""

    class State(models.TextChoices):
        """Waiting: a worker has it, or will."""

        WAITING = "waiting", "Waiting"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    class Kind(models.TextChoices):
        """How long a stretch."""

        WEEKLY = "weekly", "Week"
        DAILY = "daily", "Day"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.WEEKLY)
    begin = models.PositiveIntegerField(help_text="Its first hour.")
    end = models.PositiveIntegerField(help_text="The hour after its last.")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=150, blank=True, default="")
    ready_at = models.DateTimeField(null=True, blank=True)
    html = models.TextField(blank=True, default="", help_text="As it is mailed.")
    text = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")
    sent_to = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "report"

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        last = moment_of(self.end - 1)
        first = moment_of(self.begin)
        if self.kind == self.Kind.DAILY:
            return f"{first:%a %d %b %Y}"
        return f"Week {first:%d %b} – {last:%d %b %Y}"

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        span = {"begin": moment_of(self.begin), "end": moment_of(self.end)}
        return {"id": self.pk, "kind": self.kind, "title": self.title, **span, **self.data}


class Embedding(models.Model):
    """A pattern's meaning as numbers, by the model it was made with."""

    pattern = models.OneToOneField(Pattern, on_delete=models.CASCADE, related_name="embedding")
    model = models.CharField(max_length=200)
    vector = models.BinaryField(help_text="Little-endian 32-bit floats, of length 1.")

    def __str__(self) -> str:
        return f"pattern {self.pattern_id} by {self.model}"
