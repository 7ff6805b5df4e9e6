from django.apps import AppConfig


class TaskLogNotifyConfig(AppConfig):
    """Notifications."""

    name = "tasklog.notify"
    label = "tasklog_notify"
    verbose_name = "TaskLog notifications"
    default_auto_field = "django.db.models.BigAutoField"
