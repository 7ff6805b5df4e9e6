"""API keys: random, scoped, expiring; only their SHA-256 is stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

ALL = "all"
SCOPES = ("tasks:read", "logs:read", "control", "alerts", "uploads", "metrics", ALL)


class ApiKey(models.Model):
    """A program's right to read or do something, until it expires or is revoked."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, unique=True, help_text="The part people may see.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the whole key.")
    scopes = models.JSONField(default=list)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Sees the runs this user sees; empty: a program of its own.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """`active`, `expired`, `revoked`, or `disabled` with the user it belongs to."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        if self.user is not None and not self.user.is_active:
            return "disabled"
        return "active"

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or ALL in self.scopes
