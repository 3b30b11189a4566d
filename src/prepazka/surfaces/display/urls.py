"""Addresses of the display."""

from django.urls import path

from prepazka.surfaces.display import audio, views

app_name = "display"
urlpatterns = [
    path("", views.display_page, name="panel"),
    path("obsah/", views.display_fragment, name="content"),
    path("zvuk/", views.report_sound, name="sound"),
    path("hlas/<path:name>", audio.clip_response, name="clip"),
    path("parovani/", views.pair_display, name="pairing"),
]
