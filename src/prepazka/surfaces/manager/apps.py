"""Django's name for this surface."""

from django.apps import AppConfig


class ManagerConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.manager"
