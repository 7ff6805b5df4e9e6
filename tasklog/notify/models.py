"""Channels to people, what was delivered through them, and the inbox."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from tasklog.notify.message import Message
from tasklog.sealed import SealedSettings


class Kind(models.TextChoices):
    """The ways out.  Each is one file in `channels/`."""

    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    WEBHOOK = "webhook", "Webhook"
    JIRA = "jira", "Jira issue"
    SMS = "sms", "SMS"
    PUSH = "push", "Push"
    INBOX = "inbox", "Inbox"


# What each needs, and what arrives.
SENTENCES: dict[str, str] = {
    Kind.EMAIL: "HTML and text with the lines, by the project's mail server; a thread an incident.",
    Kind.SLACK: "A message in blocks, by the address of an incoming webhook.",
    Kind.WEBHOOK: "A signed POST of JSON to a program of yours.",
    Kind.JIRA: "An issue for each incident; what follows are comments on it.",
    Kind.SMS: "The headline and the link, by Twilio or what speaks its API.",
    Kind.PUSH: "On a phone, by ntfy or Pushover.",
    Kind.INBOX: "Under the bell here: for all operators, or people you name.",
}


class Channel(SealedSettings):
    """One way to reach people.  Its settings hold secrets, so they are sealed."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=8, choices=Kind)
    enabled = models.BooleanField(default=True)
    created_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    # What became of the newest delivery.
    last_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]
        verbose_name = "channel"

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message on its way through one channel."""

    class State(models.TextChoices):
        """Waiting is tried again; failed is not."""

        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=200)
    thread = models.CharField(max_length=200, blank=True, default="")
    title = models.CharField(max_length=300)
    message = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now, help_text="Not tried before.")
    tried_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    # What the other side calls it: an issue's key, a message id.
    reference = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["channel", "key"], name="tasklog_delivery_once"),
        ]
        indexes = [
            models.Index(fields=["state", "next_at"], name="tasklog_delivery_due"),
            models.Index(fields=["channel", "thread"], name="tasklog_delivery_thread"),
            models.Index(fields=["created_at"], name="tasklog_delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.title} by {self.channel}"

    @property
    def said(self) -> Message:
        return Message.from_json(self.message)


class InboxMessage(models.Model):
    """A message to one person of this project, under the bell."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tasklog_inbox"
    )
    key = models.CharField(max_length=200)
    message = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "inbox message"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="tasklog_inbox_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="tasklog_inbox_user"),
            models.Index(
                fields=["user"], name="tasklog_inbox_unread", condition=models.Q(read_at=None)
            ),
        ]

    def __str__(self) -> str:
        return str(self.message.get("title", ""))

    @property
    def said(self) -> Message:
        return Message.from_json(self.message)
