"""Addresses of the public live view."""

from django.urls import path

from prepazka.surfaces.monitor import views

app_name = "monitor"
urlpatterns = [
    path("nazivo/", views.overview, name="overview"),
    path("<slug:slug>/nazivo/", views.office, name="office"),
    path("<slug:slug>/nazivo/ramec/", views.frame, name="frame"),
    path("<slug:slug>/nazivo.csv", views.history, name="history"),
]
