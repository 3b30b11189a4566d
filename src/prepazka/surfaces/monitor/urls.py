"""Addresses of the public live view."""

from django.urls import path

from prepazka.surfaces.monitor import views

app_name = "monitor"
urlpatterns = [
    path("nazivo/", views.offices_overview, name="overview"),
    path("<slug:slug>/nazivo/", views.office_live_view, name="office"),
    path("<slug:slug>/nazivo/ramec/", views.live_view_frame, name="frame"),
    path("<slug:slug>/nazivo.csv", views.history_csv, name="history"),
]
