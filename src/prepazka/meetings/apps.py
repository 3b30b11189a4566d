"""Django's name for this package."""

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.meetings"
    default_auto_field = "django.db.models.BigAutoField"
