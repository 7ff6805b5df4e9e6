"""What is left to say of runs once they are gone: how many, how long, and how they failed.  BOTH.

Written by the drainer in the transaction that ends the runs (see `tasklog.tallying`), so each end
is counted once.  Deleting runs takes nothing away here.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models

from tasklog.states import State

HOUR, DAY, EVER = "hour", "day", "ever"
# The row of all time begins here.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The column that counts each end.
COLUMNS = {
    State.SUCCESS: "succeeded",
    State.FAILURE: "failed",
    State.TIMEOUT: "timed_out",
    State.LOST: "lost",
    State.REVOKED: "revoked",
}


class TaskTally(models.Model):
    """The runs of one task that ended within one hour, one day (UTC), or ever."""

    name = models.CharField(max_length=255)
    span = models.CharField(max_length=4, choices=[(s, s) for s in (HOUR, DAY, EVER)])
    since = models.DateTimeField(help_text="When the span begins.")
    succeeded = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    timed_out = models.BigIntegerField(default=0)
    lost = models.BigIntegerField(default=0)
    revoked = models.BigIntegerField(default=0)
    retries = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="All durations together.")
    buckets = models.JSONField(default=dict, help_text="Durations, see tasklog.durations.")

    class Meta:
        verbose_name = "task tally"
        verbose_name_plural = "task tallies"
        constraints = [
            # Also the way to one task's spans.
            models.UniqueConstraint(fields=["name", "span", "since"], name="tasklog_tally_once"),
        ]
        indexes = [models.Index(fields=["span", "since"], name="tasklog_tally_since")]

    def __str__(self) -> str:
        return f"{self.name} in the {self.span} from {self.since:%Y-%m-%d %H:%M}"


class TaskFailure(models.Model):
    """Bad ends of one task with one signature: how often, since when, and the newest of them."""

    name = models.CharField(max_length=255)
    signature = models.CharField(max_length=16)
    kind = models.CharField(max_length=255, help_text="The exception's type, or the cause.")
    place = models.CharField(max_length=500, blank=True, default="")
    message = models.CharField(max_length=300, blank=True, default="", help_text="Normalised.")
    count = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_run = models.CharField(max_length=255, help_text="The task id of the newest.")

    class Meta:
        verbose_name = "task failure"
        constraints = [
            models.UniqueConstraint(fields=["name", "signature"], name="tasklog_failure_once"),
        ]
        indexes = [
            models.Index(fields=["name", "-last_at"], name="tasklog_failure_name"),
            models.Index(fields=["last_at"], name="tasklog_failure_last"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.name}"
