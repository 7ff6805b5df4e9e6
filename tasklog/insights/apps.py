from django.apps import AppConfig


class TaskLogInsightsConfig(AppConfig):
    """Insights."""

    name = "tasklog.insights"
    label = "tasklog_insights"
    verbose_name = "TaskLog insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasklog.insights import ticking
        from tasklog.signals import drainer_ticked

        drainer_ticked.connect(ticking.on_tick, dispatch_uid="tasklog.insights.ticking")
