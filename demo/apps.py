from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Tasks worth watching, one click each."""

    name = "demo"
    default_auto_field = "django.db.models.BigAutoField"
