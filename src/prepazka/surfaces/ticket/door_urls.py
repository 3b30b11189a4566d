"""Addresses of tickets that are taken with a telephone."""

from django.urls import path

from prepazka.surfaces.ticket import door

app_name = "door"
urlpatterns = [
    path("<slug:slug>/", door.start, name="start"),
    path("<slug:slug>/plakat/", door.poster, name="poster"),
    path("<slug:slug>/kod/<str:code>/", door.scan, name="scan"),
    path("<slug:slug>/vyber/<str:token>/", door.choose, name="choose"),
]
