"""Addresses of the kiosk."""

from django.urls import path

from prepazka.surfaces.kiosk import cutoff, pins, views

app_name = "kiosk"
urlpatterns = [
    path("", views.start, name="start"),
    path("parovani/", views.pairing, name="pairing"),
    path("agenda/<slug:code>/", views.agenda, name="agenda"),
    path("listek/", views.issue, name="issue"),
    path("listek/<str:code>/", views.ticket, name="ticket"),
    path("listek/<str:code>/tisk/", views.reprint, name="reprint"),
    path("zasoba/", cutoff.pack, name="pack"),
    path("bez-site/", cutoff.shell, name="shell"),
    path("telefon/", views.phone, name="phone"),
    path("pin/", pins.pin, name="pin"),
    path("odpoved/<str:token>/", pins.answer, name="answer"),
]
