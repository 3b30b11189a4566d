"""Django's name for this surface."""

from django.apps import AppConfig


class MonitorConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.monitor"
