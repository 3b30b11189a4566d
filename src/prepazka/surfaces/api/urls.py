"""Addresses of the API."""

from django.urls import path

from prepazka.surfaces.api.api import api

urlpatterns = [path("", api.urls)]
