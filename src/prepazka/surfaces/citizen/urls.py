"""Addresses of the citizen; those with a token come first, because an office may have any name."""

from django.urls import path

from prepazka.surfaces.citizen import (
    booking_pages,
    hold_pages,
    meeting_mode_pages,
    office_pages,
    official_pages,
    slot_pages,
    substitute_pages,
    waiting_list_pages,
)

app_name = "citizen"
urlpatterns = [
    path("", office_pages.home, name="home"),
    path("termin/<str:token>/", hold_pages.contact, name="contact"),
    path("termin/<str:token>/kontrola/", hold_pages.check, name="check"),
    path("termin/<str:token>/odeslano/", hold_pages.sent, name="sent"),
    path("potvrzeni/<str:token>/", booking_pages.confirm, name="confirm"),
    path("objednavka/<str:token>/", booking_pages.booking, name="booking"),
    path("objednavka/<str:token>/termin.ics", booking_pages.calendar_file, name="calendar"),
    path("objednavka/<str:token>/zrusit/", booking_pages.cancel, name="cancel"),
    path("objednavka/<str:token>/zpusob/", meeting_mode_pages.mode, name="mode"),
    path("objednavka/<str:token>/ucastnici/", meeting_mode_pages.people, name="people"),
    path("objednavka/<str:token>/zmenit/", booking_pages.move, name="move"),
    path("objednavka/<str:token>/zmenit/<str:day>/", booking_pages.move_times, name="move_times"),
    path("objednavka/<str:token>/drive/", waiting_list_pages.sooner, name="sooner"),
    path("poradnik/<str:token>/", waiting_list_pages.entry, name="waiting"),
    path("misto/<str:token>/", waiting_list_pages.place, name="place"),
    path("nahradni/<str:token>/", substitute_pages.offer, name="offer"),
    path("nahradni/<str:token>/jiny/", substitute_pages.choose_other_day, name="offer_another"),
    path("nahradni/<str:token>/jiny/<str:day>/", substitute_pages.times, name="offer_times"),
    path("<slug:slug>/", office_pages.office, name="office"),
    path("<slug:slug>/osobni-udaje/", office_pages.privacy, name="privacy"),
    path("<slug:slug>/pristupnost/", office_pages.accessibility, name="accessibility"),
    path("<slug:slug>/odbor/<slug:code>/", official_pages.department, name="department"),
    path("<slug:slug>/odbor/<slug:code>/kdokoli/", official_pages.anybody, name="anybody"),
    path("<slug:slug>/odbor/<slug:code>/kontakty/", official_pages.contacts, name="contacts"),
    path("<slug:slug>/urednik/<slug:code>/", official_pages.official, name="official"),
    path("<slug:slug>/objednat/", slot_pages.services, name="services"),
    path("<slug:slug>/objednat/<slug:code>/", slot_pages.days, name="days"),
    path("<slug:slug>/objednat/<slug:code>/poradnik/", waiting_list_pages.wish, name="wish"),
    path("<slug:slug>/objednat/<slug:code>/<str:day>/", slot_pages.times, name="times"),
]
