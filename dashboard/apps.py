from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The pages."""

    name = "dashboard"
    verbose_name = "TaskLog dashboard"
    default_auto_field = "django.db.models.BigAutoField"
