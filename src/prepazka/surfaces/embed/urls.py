"""Addresses for the webs of offices."""

from django.urls import path

from prepazka.surfaces.embed import views

app_name = "embed"
urlpatterns = [
    path("<slug:slug>/vlozit/", views.slots_frame, name="frame"),
    path("<slug:slug>/pro-weby/", views.embedding_guide, name="guide"),
]
