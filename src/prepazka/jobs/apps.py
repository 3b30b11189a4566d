"""Django's name for this package."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.jobs"
