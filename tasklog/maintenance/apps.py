from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TaskLogMaintenanceConfig(AppConfig):
    """Maintenance, and the schedules that are there from the start."""

    name = "tasklog.maintenance"
    label = "tasklog_maintenance"
    verbose_name = "TaskLog maintenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasklog.maintenance import defaults

        post_migrate.connect(
            defaults.after_migrate, sender=self, dispatch_uid="tasklog.maintenance.defaults"
        )
