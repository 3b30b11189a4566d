"""Addresses of the kiosk."""

from django.urls import path

from prepazka.surfaces.kiosk import kiosk_offline_pack, pin_screens, views

app_name = "kiosk"
urlpatterns = [
    path("", views.start, name="start"),
    path("parovani/", views.pairing, name="pairing"),
    path("agenda/<slug:code>/", views.agenda, name="agenda"),
    path("listek/", views.issue, name="issue"),
    path("listek/<str:code>/", views.ticket, name="ticket"),
    path("listek/<str:code>/tisk/", views.reprint, name="reprint"),
    path("zasoba/", kiosk_offline_pack.pack, name="pack"),
    path("bez-site/", kiosk_offline_pack.shell, name="shell"),
    path("telefon/", views.phone, name="phone"),
    path("pin/", pin_screens.pin, name="pin"),
    path("odpoved/<str:token>/", pin_screens.answer, name="answer"),
]
