"""Django's name for this package."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.messaging"
    default_auto_field = "django.db.models.BigAutoField"
