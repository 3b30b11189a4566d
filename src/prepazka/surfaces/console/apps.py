"""Django's name for this surface."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.console"
