"""Addresses of the ticket's page."""

from django.urls import path

from prepazka.surfaces.ticket import alerts, views

app_name = "ticket"
urlpatterns = [
    path("upozorneni.js", alerts.worker, name="worker"),
    path("<str:code>/", views.page, name="page"),
    path("<str:code>/stav/", views.content, name="content"),
    path("<str:code>/proc/", views.why, name="why"),
    path("<str:code>/vzdat/", views.leave, name="leave"),
    path("<str:code>/odlozit/", views.later, name="later"),
    path("<str:code>/upozornit/", alerts.ask, name="alert"),
    path("<str:code>/neupozornovat/", alerts.drop, name="drop"),
]
