"""Addresses of what kiosks and consoles need besides their own."""

from django.urls import path

from prepazka.surfaces.offline import views

app_name = "offline"
urlpatterns = [
    path("offline/log/", views.merge_offline_log, name="log"),
    path("offline-worker.js", views.service_worker, name="worker"),
]
