"""Django's name for this package."""

from django.apps import AppConfig


class QueueingConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.queueing"
    default_auto_field = "django.db.models.BigAutoField"
