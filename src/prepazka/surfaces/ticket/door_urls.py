"""Addresses of tickets that are taken with a telephone."""

from django.urls import path

from prepazka.surfaces.ticket import door_pages

app_name = "door"
urlpatterns = [
    path("<slug:slug>/", door_pages.poster_entry, name="start"),
    path("<slug:slug>/plakat/", door_pages.poster_page, name="poster"),
    path("<slug:slug>/kod/<str:code>/", door_pages.scan_door_code, name="scan"),
    path("<slug:slug>/vyber/<str:token>/", door_pages.choose_service_page, name="choose"),
]
