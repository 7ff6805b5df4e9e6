from django.apps import AppConfig


class TaskLogControlConfig(AppConfig):
    """Control."""

    name = "tasklog.control"
    label = "tasklog_control"
    verbose_name = "TaskLog control"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasklog.control import samples
        from tasklog.signals import drainer_ticked

        drainer_ticked.connect(samples.on_tick, dispatch_uid="tasklog.control.samples")
        from tasklog.control import schedules
        from tasklog.control.schedules import beat

        beat.install()
        if schedules.installed():
            from tasklog.control.schedules import spans

            spans.install()
