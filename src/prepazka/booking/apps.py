"""Django's name for this package."""

from django.apps import AppConfig


class BookingConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.booking"
    default_auto_field = "django.db.models.BigAutoField"
