"""Addresses of the ticket's page."""

from django.urls import path

from prepazka.surfaces.ticket import alert_pages, views

app_name = "ticket"
urlpatterns = [
    path("upozorneni.js", alert_pages.alerts_service_worker, name="worker"),
    path("<str:code>/", views.ticket_page, name="page"),
    path("<str:code>/stav/", views.ticket_content, name="content"),
    path("<str:code>/proc/", views.why_waiting_page, name="why"),
    path("<str:code>/vzdat/", views.leave_queue_page, name="leave"),
    path("<str:code>/odlozit/", views.postpone_page, name="later"),
    path("<str:code>/upozornit/", alert_pages.ask_alert_page, name="alert"),
    path("<str:code>/neupozornovat/", alert_pages.drop_alert_page, name="drop"),
]
