"""Django's name for this package."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.accounts"
    default_auto_field = "django.db.models.BigAutoField"
