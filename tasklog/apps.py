from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TaskLogConfig(AppConfig):
    """The embeddable app.  Capture is switched on in every process that imports Celery tasks."""

    name = "tasklog"
    label = "tasklog"
    verbose_name = "TaskLog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasklog import capture, checks, roles  # noqa: F401 - importing registers the checks

        capture.install()
        post_migrate.connect(roles.make_groups, sender=self, dispatch_uid="tasklog.roles")
