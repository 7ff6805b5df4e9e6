"""What the demo's tasks make: reports, and the mark of users that are nobody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class DemoUser(models.Model):
    """The mark of a user whom a demo task made.  Clean-up takes away marked users only."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="demo_mark"
    )
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "demo user"

    def __str__(self) -> str:
        return self.user.get_username() if self.user else f"mark {self.pk} without a user"


class Report(models.Model):
    """Asked for, made by `demo.generate_report`, kept in the table: any web process can send it."""

    class Kind(models.TextChoices):
        SALES = "sales", "Sales by day"
        STOCK = "stock", "Stock by shelf"
        USERS = "users", "Demo users"

    class Form(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=16, choices=Kind)
    form = models.CharField(max_length=8, choices=Form, default=Form.CSV)
    filters = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    error = models.CharField(max_length=500, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True, help_text="Rows, seconds, SHA-256.")
    body = models.TextField(blank=True, default="")
    size = models.PositiveIntegerField(default=0, help_text="Bytes.")
    created_by = models.CharField(max_length=150, blank=True, default="")
    task_id = models.CharField(max_length=255, blank=True, default="", db_index=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_by", "-id"], name="demo_report_by")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, report {self.pk}"

    @property
    def file_name(self) -> str:
        return f"{self.kind}-{self.created_at:%Y-%m-%d}-{self.pk}.{self.form}"

    def begin(self) -> None:
        """A second attempt begins anew."""
        self._save(status=self.Status.RUNNING, error="", finished_at=None)

    def finish(self, body: str, metadata: dict[str, Any]) -> None:
        self._save(
            status=self.Status.READY, body=body, size=len(body.encode()), metadata=metadata,
            finished_at=timezone.now(),
        )  # fmt: skip

    def fail(self, error: str) -> None:
        self._save(status=self.Status.FAILED, error=error[:500], finished_at=timezone.now())

    def _save(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))
