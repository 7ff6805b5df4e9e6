"""What a person keeps here for themselves: views of a list under a name, and how lines look."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

LONGEST_NAME = 60


class SavedView(models.Model):
    """The filter of a page under a name; `query` is what that page's own reader made of it."""

    class Page(models.TextChoices):
        RUNS = "runs", "Runs"
        SEARCH = "search", "Search"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    page = models.CharField(max_length=10, choices=Page.choices)
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.TextField()
    shared = models.BooleanField(default=False, help_text="Everybody sees it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "page", "name"], name="tasklog_view_name")
        ]
        indexes = [
            models.Index(
                fields=["page"], name="tasklog_view_shared", condition=models.Q(shared=True)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"{reverse(f'dashboard:{self.page}')}?{self.query}"


class Preference(models.Model):
    """One choice of one person; `dashboard.preferences` says which there are."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=20)
    value = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="tasklog_preference_name")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
