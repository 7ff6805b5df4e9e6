from django.apps import AppConfig


class TaskLogAuditConfig(AppConfig):
    """The audit trail."""

    name = "tasklog.audit"
    label = "tasklog_audit"
    verbose_name = "TaskLog audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasklog.audit import logins  # noqa: F401 - importing connects the signals
