"""Django's name for this package."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.journal"
    default_auto_field = "django.db.models.BigAutoField"
