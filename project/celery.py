"""The project's Celery app; tasks are found in every installed app."""

import os

from celery import Celery
from celery.signals import setup_logging

from project.environment import Environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def keep_logging(**_: object) -> None:
    """Celery sets up no logging where somebody listens here: Django has done it already."""


# The settings are not loaded yet; Celery's own format would break up a stream of objects.
if Environment(os.environ).text("LOG_FORMAT", "text") == "json":
    setup_logging.connect(keep_logging)
