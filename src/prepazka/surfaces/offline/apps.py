"""Django's name for this surface."""

from django.apps import AppConfig


class OfflineConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.offline"
    label = "surface_offline"
