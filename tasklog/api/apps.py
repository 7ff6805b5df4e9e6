from importlib.util import find_spec

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class TaskLogApiConfig(AppConfig):
    """The API for programs and its keys."""

    name = "tasklog.api"
    label = "tasklog_api"
    verbose_name = "TaskLog API"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        if find_spec("rest_framework") is None:
            raise ImproperlyConfigured(
                "tasklog.api needs Django REST framework: pip install 'celery-tasklog[api]'"
            )
        super().import_models()
