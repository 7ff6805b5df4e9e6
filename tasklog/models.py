"""The core tables: runs, their attempts, their lines; and who is alive on which host."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from tasklog.hosts import Drainer, TaskWorker
from tasklog.line import LEVELS, STREAMS
from tasklog.querysets import AttemptQuerySet, LineQuerySet, RunQuerySet
from tasklog.states import FINISHED, Cause, Payload, State
from tasklog.tags import TaskTag
from tasklog.tallies import TaskFailure, TaskTally

__all__ = [
    "Drainer",
    "LogChunk",
    "RunPayload",
    "SpoolFile",
    "TaskAttempt",
    "TaskFailure",
    "TaskLogLine",
    "TaskRun",
    "TaskTag",
    "TaskTally",
    "TaskWorker",
]


class TaskRun(models.Model):
    """One task id: asked for once, attempted once or more, ended once."""

    task_id = models.CharField(max_length=255, primary_key=True)
    name = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    cause = models.CharField(max_length=16, choices=Cause, blank=True, default="")
    reason = models.TextField(blank=True, default="", help_text="Why it ended, in words.")
    queue = models.CharField(max_length=255, blank=True, default="")
    worker = models.CharField(max_length=255, blank=True, default="")
    args = models.TextField(blank=True, default="", help_text="Masked, as JSON.")
    kwargs = models.TextField(blank=True, default="", help_text="Masked, as JSON.")
    payload = models.CharField(
        max_length=9, choices=Payload, blank=True, default="", help_text="Kept for a retry."
    )
    envelope = models.JSONField(
        default=dict, blank=True, help_text="Sent beside the arguments; see tasklog.envelopes."
    )
    result = models.TextField(blank=True, default="", help_text="Masked, shortened.")
    exception = models.TextField(blank=True, default="")
    traceback = models.TextField(blank=True, default="")
    signature = models.CharField(
        max_length=16, null=True, blank=True, help_text="Shared by failures of one kind."
    )
    parent_id = models.CharField(max_length=255, blank=True, default="")
    root_id = models.CharField(max_length=255, blank=True, default="")
    group_id = models.CharField(max_length=255, blank=True, default="")
    rerun_of = models.CharField(max_length=255, blank=True, default="")
    retries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, help_text="First heard of.")
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True, help_text="Its lines are chunks.")
    progress = models.FloatField(null=True, blank=True, help_text="0–100")
    progress_message = models.CharField(max_length=255, blank=True, default="")
    # See tasklog.silence.
    spoke_at = models.DateTimeField(null=True, blank=True, help_text="Its newest sign of life.")
    longest_silence = models.FloatField(default=0, help_text="Seconds between two of them.")
    line_count = models.BigIntegerField(default=0, help_text="Lines numbered so far.")
    warning_count = models.BigIntegerField(default=0)
    error_count = models.BigIntegerField(default=0)
    dropped_count = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True, help_text="Lines numbered, by stream.")
    loggers = models.JSONField(
        default=dict, blank=True, help_text="Lines numbered, by logger; the first 50 of them."
    )
    triggered_by = models.CharField(max_length=150, blank=True, default="")
    request_id = models.CharField(max_length=200, blank=True, default="")
    schedule = models.CharField(max_length=200, blank=True, default="")
    # Set by the door of the sources alone: no text of a line can claim or lose it.
    source = models.CharField(
        max_length=300,
        blank=True,
        default="",
        help_text="Where lines come from that no task wrote.",
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-task_id"]
        verbose_name = "run"
        # See tasklog.roles.
        permissions = [("operate", "Can start tasks"), ("administer", "Can read the audit trail")]
        indexes = [
            models.Index("created_at", "task_id", name="tasklog_run_created"),
            models.Index("state", "created_at", name="tasklog_run_state"),
            models.Index("name", "created_at", name="tasklog_run_name"),
            models.Index("queue", "created_at", name="tasklog_run_queue"),
            models.Index("worker", "created_at", name="tasklog_run_worker"),
            # Who belongs to a workflow; see tasklog.workflows.
            models.Index("root_id", name="tasklog_run_root"),
            models.Index(
                "schedule",
                "created_at",
                name="tasklog_run_schedule",
                condition=models.Q(schedule__gt=""),
            ),
            models.Index("group_id", name="tasklog_run_group"),
            models.Index(
                "signature",
                "created_at",
                name="tasklog_run_signature",
                condition=models.Q(signature__isnull=False),
            ),
            models.Index("finished_at", name="tasklog_run_finished"),
            models.Index(
                "finished_at", name="tasklog_run_to_archive", condition=models.Q(archived_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'task'} {self.short_id}"

    def get_absolute_url(self) -> str:
        try:
            return reverse("dashboard:run", args=[self.task_id])
        except NoReverseMatch:
            return reverse("tasklog:task", args=[self.task_id])

    @property
    def short_id(self) -> str:
        """`5f3c…e91a` for a uuid, the whole id where it is short."""
        return (
            self.task_id if len(self.task_id) <= 13 else f"{self.task_id[:4]}…{self.task_id[-4:]}"
        )

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def duration(self) -> timedelta | None:
        """From the (latest) start to the end, or to now while it runs; None before the start."""
        if self.started_at is None:
            return None
        end = self.finished_at or timezone.now()
        return max(end - self.started_at, timedelta(0))

    @property
    def waited(self) -> timedelta | None:
        """From being published to the start; None where one of them is unknown."""
        if self.queued_at is None or self.started_at is None:
            return None
        return max(self.started_at - self.queued_at, timedelta(0))

    @property
    def state_label(self) -> str:
        """The word for people: the cause where it says more than the state."""
        of_failure = self.state == State.FAILURE and self.cause not in ("", Cause.EXCEPTION)
        told = of_failure or self.cause == Cause.NOT_REACHED
        return str((Cause(self.cause) if told else State(self.state)).label)

    def mark_started(self, *, worker: str = "") -> bool:
        """Waiting or retrying → running.  True when it moved; a finished run stays finished."""
        return self._move(
            State.STARTED,
            [State.PENDING, State.RETRY],
            started_at=timezone.now(),
            worker=worker or self.worker,
        )

    def mark_success(self, result: Any = None) -> bool:
        """Ends the run well.  True when it moved; the first end of a run is the only one."""
        text = "" if result is None else str(result)
        return self._move(State.SUCCESS, _OPEN, finished_at=timezone.now(), result=text)

    def mark_failure(self, exception: object = "", traceback: str = "") -> bool:
        """Ends the run badly.  True when it moved; the first end of a run is the only one."""
        return self._move(
            State.FAILURE, _OPEN, finished_at=timezone.now(), cause=Cause.EXCEPTION,
            exception=str(exception), traceback=traceback,
        )  # fmt: skip

    def _move(self, state: State, allowed: list[State], **values: Any) -> bool:
        """One guarded UPDATE, so that two processes cannot both end a run."""
        moved = TaskRun.objects.filter(pk=self.pk, state__in=allowed).update(state=state, **values)
        self.refresh_from_db()
        return bool(moved)


_OPEN = [State.PENDING, State.STARTED, State.RETRY]


class RunPayload(models.Model):
    """What was sent with a run and is not, or not wholly, shown: encrypted."""

    task = models.OneToOneField(
        TaskRun,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="kept",
        db_constraint=False,
    )
    sealed = models.TextField(
        blank=True, default="", help_text="Its arguments; see tasklog.sealing."
    )
    envelope = models.TextField(
        blank=True, default="", help_text="Its callbacks, the rest of its chain, its headers."
    )

    class Meta:
        verbose_name = "payload"

    def __str__(self) -> str:
        return f"payload of {self.task_id}"


class TaskAttempt(models.Model):
    """One start of a task.  Redelivery repeats task id and retries, so each start has a uuid."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    task = models.ForeignKey(
        TaskRun, on_delete=models.CASCADE, related_name="attempts", db_constraint=False
    )
    number = models.PositiveIntegerField(default=1)
    worker = models.CharField(max_length=255, blank=True, default="")
    pid = models.PositiveIntegerField(default=0)
    spool = models.CharField(
        max_length=255, blank=True, default="", help_text="Its process's file."
    )
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=State, blank=True, default="")
    cause = models.CharField(max_length=16, choices=Cause, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    exception = models.TextField(blank=True, default="")
    # What another process said about its end, until its last lines are stored.
    verdict = models.JSONField(null=True, blank=True)
    # Of one that ended badly: memory, heartbeat, who ran beside it; see `tasklog.drain.scene`.
    scene = models.JSONField(null=True, blank=True)
    redelivered = models.BooleanField(default=False)
    # The receipt.  `emitted` is what the task's process counted, once it could say so.
    emitted = models.BigIntegerField(null=True, blank=True)
    stored = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    lag_p50_ms = models.FloatField(null=True, blank=True)
    lag_p95_ms = models.FloatField(null=True, blank=True)
    capture_us = models.BigIntegerField(null=True, blank=True, help_text="Time spent capturing.")

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["task_id", "number"]
        verbose_name = "attempt"
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="tasklog_attempt_number"),
        ]
        indexes = [
            models.Index(
                "worker", name="tasklog_attempt_open", condition=models.Q(finished_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.task_id}"

    @property
    def duration(self) -> timedelta:
        """From its start to its end, or to now while it runs."""
        return max((self.finished_at or timezone.now()) - self.started_at, timedelta(0))

    @property
    def missing(self) -> int:
        """Lines it emitted that were neither stored nor counted as dropped: a fault, if any."""
        if self.finished_at is None or self.emitted is None:
            return 0
        return max(0, self.emitted - self.stored - self.dropped)

    @property
    def lags(self) -> tuple[timedelta, timedelta] | None:
        """From a line being written to being stored: half of them, and 95 of 100, were quicker."""
        if self.lag_p50_ms is None or self.lag_p95_ms is None:
            return None
        return timedelta(milliseconds=self.lag_p50_ms), timedelta(milliseconds=self.lag_p95_ms)

    @property
    def capture_percent(self) -> float | None:
        """The share of its time that went into capturing its output."""
        seconds = self.duration.total_seconds()
        if not self.capture_us or self.finished_at is None or seconds <= 0:
            return None
        return self.capture_us / 10_000 / seconds


class TaskLogLine(models.Model):
    """One line of one run, numbered 1, 2, 3 … in the order of storing."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(
        TaskRun, on_delete=models.CASCADE, related_name="lines", db_constraint=False, db_index=False
    )
    number = models.BigIntegerField()
    attempt = models.ForeignKey(
        TaskAttempt,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="lines",
        db_constraint=False,
        db_index=False,
    )
    origin = models.IntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    timestamp = models.DateTimeField(default=timezone.now)
    stream = models.CharField(max_length=6, choices=[(s, s) for s in STREAMS], default="stdout")
    level = models.PositiveSmallIntegerField(choices=[(0, "—"), *LEVELS.items()], default=0)
    logger = models.CharField(max_length=255, blank=True, default="")
    message = models.TextField(blank=True, default="")

    objects = LineQuerySet.as_manager()

    class Meta:
        ordering = ["task_id", "number"]
        verbose_name = "line"
        constraints = [
            # The one access path: windows, cursors and links all go by (task, number).
            models.UniqueConstraint(fields=["task", "number"], name="tasklog_line_number"),
        ]
        indexes = [
            models.Index(
                fields=["task", "number"],
                name="tasklog_line_notable",
                condition=models.Q(level__gte=30),
            ),
        ]

    def __str__(self) -> str:
        return self.message

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Numbers the line when nobody did: rows made by hand join their run's numbering."""
        if self.number is None:
            with transaction.atomic():
                self.number = TaskRun.objects.next_number(self.task_id, self)
                super().save(*args, **kwargs)
            return
        super().save(*args, **kwargs)


class LogChunk(models.Model):
    """Some thousand lines of one finished run, compressed; see `tasklog.archive.chunks`."""

    task = models.ForeignKey(
        TaskRun,
        on_delete=models.CASCADE,
        related_name="chunks",
        db_constraint=False,
        db_index=False,
    )
    first = models.BigIntegerField(help_text="The number of its first line.")
    last = models.BigIntegerField(help_text="The number of its last line.")
    count = models.PositiveIntegerField(help_text="Lines in it; fewer than last-first+1 at a gap.")
    counts = models.JSONField(default=dict, help_text="Lines by stream and level.")
    codec = models.CharField(max_length=8)
    raw_bytes = models.PositiveIntegerField()
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the uncompressed lines.")
    data = models.BinaryField(null=True, help_text="The bytes, unless a storage keeps them.")
    stored_as = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["task_id", "first"]
        verbose_name = "chunk"
        constraints = [
            models.UniqueConstraint(fields=["task", "first"], name="tasklog_chunk_first"),
        ]

    def __str__(self) -> str:
        return f"lines {self.first}–{self.last} of {self.task_id}"


class SpoolFile(models.Model):
    """How far the drainer has stored one spool file; moves in the rows' own transaction."""

    name = models.CharField(max_length=255, unique=True)
    host = models.CharField(max_length=255)
    offset = models.BigIntegerField(default=0)
    damaged = models.BigIntegerField(default=0, help_text="Records that could not be read.")
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
