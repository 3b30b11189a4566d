"""Django's name for this package."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.web"
    default_auto_field = "django.db.models.BigAutoField"
