"""The addresses of the embeddable app; the API joins where `tasklog.api` is installed."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

import tasklog.addresses  # noqa: F401 - registers the form of a task id
from tasklog import pages

app_name = "tasklog"
urlpatterns: list[URLPattern | URLResolver] = [
    path("task/<tasklog_id:task_id>/", pages.task, name="task"),
    path("diagnostic/", pages.diagnostic, name="diagnostic"),
]
if apps.is_installed("tasklog.api"):
    urlpatterns.append(path("", include("tasklog.api.urls")))
