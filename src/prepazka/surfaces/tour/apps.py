"""Django's name for this surface."""

from django.apps import AppConfig


class TourConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.tour"
