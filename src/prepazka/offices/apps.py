"""Django's name for this package."""

from django.apps import AppConfig


class OfficesConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.offices"
    default_auto_field = "django.db.models.BigAutoField"
