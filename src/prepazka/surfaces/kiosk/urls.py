"""Addresses of the kiosk."""

from django.urls import path

from prepazka.surfaces.kiosk import kiosk_offline_pack, pin_screens, views

app_name = "kiosk"
urlpatterns = [
    path("", views.start_screen, name="start"),
    path("parovani/", views.pair_kiosk, name="pairing"),
    path("agenda/<slug:code>/", views.services_of_agenda, name="agenda"),
    path("listek/", views.issue_ticket_by_touch, name="issue"),
    path("listek/<str:code>/", views.ticket_screen, name="ticket"),
    path("listek/<str:code>/tisk/", views.reprint_ticket, name="reprint"),
    path("zasoba/", kiosk_offline_pack.offline_pack, name="pack"),
    path("bez-site/", kiosk_offline_pack.offline_shell, name="shell"),
    path("telefon/", views.phone_ticket_page, name="phone"),
    path("pin/", pin_screens.pin_keypad, name="pin"),
    path("odpoved/<str:token>/", pin_screens.answer_pin, name="answer"),
]
