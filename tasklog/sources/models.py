"""Uploaded files and connections, each with how far it has been read."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.utils import timezone

from tasklog.sealed import SealedSettings
from tasklog.sources.sniff import FORMATS


class Upload(models.Model):
    """One file that somebody sent; its lines are those of its run."""

    class State(models.TextChoices):
        """Failed: the sentence in `error` says why, and the file is gone."""

        WAITING = "waiting", "Waiting"
        READING = "reading", "Reading"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    run_id = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=255, help_text="As its owner calls it; never a path.")
    user = models.CharField(max_length=150, blank=True, default="", help_text="Or the key.")
    stored_as = models.CharField(max_length=64, blank=True, default="", help_text="In the folder.")
    size = models.BigIntegerField(default=0, help_text="As it was sent, in bytes.")
    format = models.CharField(
        max_length=8, choices=list(FORMATS.items()), blank=True, default="", help_text="As chosen."
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    # How far it is stored: members that are done, and bytes of the next one, unpacked.
    member = models.PositiveIntegerField(default=0)
    end = models.BigIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Workers that began at this place and stored nothing."
    )
    memory = models.JSONField(default=dict, help_text="What its parser must know to go on.")
    summary = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now, help_text="A worker's last sign.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "upload"
        indexes = [
            models.Index(fields=["user", "created_at"], name="tasklog_upload_user"),
            models.Index(
                fields=["touched_at"], name="tasklog_upload_open",
                condition=models.Q(state__in=["waiting", "reading"]),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.READING)


class Connection(SealedSettings):
    """A place whose lines are fetched again and again."""

    class Kind(models.TextChoices):
        """Each is one file in `kinds/`."""

        CLOUDWATCH = "cloudwatch", "AWS CloudWatch Logs"
        BUCKET = "bucket", "Objects in an S3 bucket"
        HTTP = "http", "HTTP with JSON"
        FOLDER = "folder", "Files in a folder"

    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Its runs' ids come from it.")
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    enabled = models.BooleanField(default=True)
    interval = models.PositiveIntegerField(default=30, help_text="Seconds between two polls.")
    # Moves in the transaction of the lines; `version` tells whether somebody else was faster.
    cursor = models.JSONField(default=dict, blank=True)
    version = models.BigIntegerField(default=0)
    run_id = models.CharField(max_length=255, blank=True, default="", help_text="Of its day.")
    lines = models.BigIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now, help_text="Not polled before.")
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="A worker polls it.")
    polled_at = models.DateTimeField(null=True, blank=True, help_text="The last good poll.")
    newest_at = models.DateTimeField(null=True, blank=True, help_text="The newest line's time.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    last_error = models.TextField(blank=True, default="")
    created_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        verbose_name = "connection"

    def __str__(self) -> str:
        return self.name

    @property
    def lag(self) -> timedelta | None:
        """From the newest line's time to the last good poll."""
        if self.newest_at is None or self.polled_at is None:
            return None
        return max(self.polled_at - self.newest_at, timedelta(0))


class SeenEvent(models.Model):
    """An event that is stored: it may be read again and is dropped then."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="seen")
    event = models.CharField(max_length=64, help_text="A digest of its id.")
    at = models.DateTimeField(help_text="Older ones can be forgotten.")

    class Meta:
        verbose_name = "seen event"
        constraints = [
            models.UniqueConstraint(fields=["connection", "event"], name="tasklog_seen_once"),
        ]
        indexes = [models.Index(fields=["connection", "at"], name="tasklog_seen_at")]

    def __str__(self) -> str:
        return self.event
