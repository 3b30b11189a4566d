"""Addresses of the display."""

from django.urls import path

from prepazka.surfaces.display import audio, views

app_name = "display"
urlpatterns = [
    path("", views.panel, name="panel"),
    path("obsah/", views.content, name="content"),
    path("zvuk/", views.sound, name="sound"),
    path("hlas/<path:name>", audio.clip, name="clip"),
    path("parovani/", views.pairing, name="pairing"),
]
