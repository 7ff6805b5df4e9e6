from django.apps import AppConfig


class TaskLogSourcesConfig(AppConfig):
    """Sources."""

    name = "tasklog.sources"
    label = "tasklog_sources"
    verbose_name = "TaskLog sources"
    default_auto_field = "django.db.models.BigAutoField"
