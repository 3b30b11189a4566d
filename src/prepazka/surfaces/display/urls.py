"""Addresses of the display."""

from django.urls import path

from prepazka.surfaces.display import views

app_name = "display"
urlpatterns = [
    path("", views.panel, name="panel"),
    path("obsah/", views.content, name="content"),
    path("parovani/", views.pairing, name="pairing"),
]
