"""Django's name for this surface."""

from django.apps import AppConfig


class CitizenConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.citizen"
