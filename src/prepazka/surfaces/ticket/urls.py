"""Addresses of the ticket's page."""

from django.urls import path

from prepazka.surfaces.ticket import alert_pages, views

app_name = "ticket"
urlpatterns = [
    path("upozorneni.js", alert_pages.worker, name="worker"),
    path("<str:code>/", views.page, name="page"),
    path("<str:code>/stav/", views.content, name="content"),
    path("<str:code>/proc/", views.why, name="why"),
    path("<str:code>/vzdat/", views.leave, name="leave"),
    path("<str:code>/odlozit/", views.later, name="later"),
    path("<str:code>/upozornit/", alert_pages.ask, name="alert"),
    path("<str:code>/neupozornovat/", alert_pages.drop, name="drop"),
]
