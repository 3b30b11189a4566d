"""Addresses of the citizen."""

from django.urls import URLPattern

app_name = "citizen"
urlpatterns: list[URLPattern] = []
