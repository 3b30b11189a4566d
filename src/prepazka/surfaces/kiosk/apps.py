"""Django's name for this surface."""

from django.apps import AppConfig


class KioskConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.kiosk"
