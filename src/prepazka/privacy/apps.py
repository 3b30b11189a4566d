"""Registers the package with Django."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.privacy"
    default_auto_field = "django.db.models.BigAutoField"
