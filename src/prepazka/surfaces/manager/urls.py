"""Addresses of the manager."""

from django.urls import URLPattern

app_name = "manager"
urlpatterns: list[URLPattern] = []
