"""The pattern API, under /api/.  Its names stand by themselves: the sidebar knows `api-docs`."""

from __future__ import annotations

from django.urls import path

import tasklog.addresses  # noqa: F401 - registers the form of a task id
from demo.api import asking, docs, starting, stopping
from tasklog.api.document import Document

# The word in the address and the pattern it starts.
STARTS = {
    "simple-task": "simple",
    "chain-tasks": "chain",
    "group-tasks": "group",
    "chord-tasks": "chord",
    "long-task": "steps",
    "retry-task": "retry",
    "create-users": "create-users",
    "generate-report": "report",
}

urlpatterns = [
    *(path(f"{a}/", starting.view_of(word), name=f"api-{a}") for a, word in STARTS.items()),
    path("task-status/<tasklog_id:task_id>/", asking.Status.as_view(), name="api-task-status"),
    path(
        "task-progress/<tasklog_id:task_id>/", asking.Progress.as_view(), name="api-task-progress"
    ),
    path("revoke-task/<tasklog_id:task_id>/", stopping.Revoke.as_view(), name="api-revoke-task"),
    path("task-overview/", asking.Overview.as_view(), name="api-task-overview"),
    path("health/", asking.Health.as_view(), name="api-health"),
    path("schema/", Document.as_view(), name="api-schema"),
    path("docs/", docs.page, name="api-docs"),
]
