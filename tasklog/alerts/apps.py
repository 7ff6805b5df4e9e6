from django.apps import AppConfig


class TaskLogAlertsConfig(AppConfig):
    """Alerts."""

    name = "tasklog.alerts"
    label = "tasklog_alerts"
    verbose_name = "TaskLog alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasklog.alerts import watching  # noqa: F401 - importing connects the signals
