"""Registers the package with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.accounts"
    default_auto_field = "django.db.models.BigAutoField"
