"""Django's name for this surface."""

from django.apps import AppConfig


class DisplayConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.display"
