from django.apps import AppConfig, apps


class DashboardConfig(AppConfig):
    """The pages."""

    name = "dashboard"
    verbose_name = "TaskLog dashboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if apps.is_installed("tasklog.api"):
            from tasklog.api.joined import join

            join("dashboard.api.urls")
