"""Addresses of the public live view."""

from django.urls import path

from prepazka.surfaces.monitor import views

app_name = "monitor"
urlpatterns = [path("<slug:slug>/nazivo/", views.office, name="office")]
