"""One entry for each thing done or refused."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Action(models.TextChoices):
    """What can be done that is written down."""

    LOGIN = "login", "Sign in"
    LOGOUT = "logout", "Sign out"
    ACCESS = "access", "Open"
    MAKE_KEY = "make key", "Make key"
    REVOKE_KEY = "revoke key", "Revoke key"
    DELETE_KEY = "delete key", "Delete key"
    USE_KEY = "use key", "Use key"
    DOWNLOAD = "download", "Download"
    LAUNCH = "launch", "Start task"
    RETRY = "retry", "Retry"
    REVOKE = "revoke", "Revoke"
    TERMINATE = "terminate", "Terminate"
    POOL = "pool", "Change pool"
    CONSUMER = "consumer", "Change consumer"
    LIMIT = "limit", "Change limit"
    RESTART = "restart", "Restart pool"
    SHUTDOWN = "shutdown", "Shut worker down"
    PURGE = "purge", "Purge queue"
    SCHEDULE = "schedule", "Change schedule"
    RUN_NOW = "run now", "Run schedule now"
    RULE = "rule", "Change alert rule"
    CHANNEL = "channel", "Change channel"
    INCIDENT = "incident", "Handle incident"
    UPLOAD = "upload", "Upload file"
    SOURCE = "source", "Change source"
    REPORT = "report", "Make report"
    VIEW = "view", "Change saved view"
    TAG = "tag", "Change tags"
    MAINTAIN = "maintain", "Maintenance"


class Result(models.TextChoices):
    """Was it done?"""

    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


# Actions on a run: its id is the last word of the target.
OF_RUN = (Action.DOWNLOAD, Action.LAUNCH, Action.RETRY, Action.REVOKE, Action.TERMINATE)


class AuditEntry(models.Model):
    """Who did what.  Names are kept as they were: an entry outlives its user and its run."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.CharField(max_length=150, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="", help_text="From where.")
    action = models.CharField(max_length=16, choices=Action)
    target = models.CharField(max_length=300, blank=True, default="")
    result = models.CharField(max_length=8, choices=Result, default=Result.DONE)
    count = models.PositiveIntegerField(
        default=1, help_text="So often in one minute: refusals that repeat share an entry."
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        # Nothing in Django's admin may be built on the right to change or delete one.
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["address", "at"], name="tasklog_audit_address"),
            models.Index(fields=["action", "-id"], name="tasklog_audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.address} {self.action} {self.target} {self.result}"

    @property
    def refused(self) -> bool:
        return self.result == Result.REFUSED

    @property
    def run_id(self) -> str:
        """The run this is about: the last word of its target; empty for other actions."""
        about_run = self.action in OF_RUN
        return self.target.rpartition(" ")[2] if about_run else ""
