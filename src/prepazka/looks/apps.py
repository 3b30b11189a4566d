"""The Django app that carries the shared templates, styles and typography."""
from django.apps import AppConfig


class LooksConfig(AppConfig):
    name = "prepazka.looks"
    label = "looks"
