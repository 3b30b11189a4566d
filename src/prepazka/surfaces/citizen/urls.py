"""Addresses of the citizen; those with a token come first, because an office may have any name."""

from django.urls import path

from prepazka.surfaces.citizen import (
    booked,
    hold,
    meeting,
    offer,
    office,
    officials,
    terms,
    waiting,
)

app_name = "citizen"
urlpatterns = [
    path("", office.home, name="home"),
    path("termin/<str:token>/", hold.contact, name="contact"),
    path("termin/<str:token>/kontrola/", hold.check, name="check"),
    path("termin/<str:token>/odeslano/", hold.sent, name="sent"),
    path("potvrzeni/<str:token>/", booked.confirm, name="confirm"),
    path("objednavka/<str:token>/", booked.booking, name="booking"),
    path("objednavka/<str:token>/termin.ics", booked.calendar_file, name="calendar"),
    path("objednavka/<str:token>/zrusit/", booked.cancel, name="cancel"),
    path("objednavka/<str:token>/zpusob/", meeting.mode, name="mode"),
    path("objednavka/<str:token>/ucastnici/", meeting.people, name="people"),
    path("objednavka/<str:token>/zmenit/", booked.move, name="move"),
    path("objednavka/<str:token>/zmenit/<str:day>/", booked.move_times, name="move_times"),
    path("objednavka/<str:token>/drive/", waiting.sooner, name="sooner"),
    path("poradnik/<str:token>/", waiting.entry, name="waiting"),
    path("misto/<str:token>/", waiting.place, name="place"),
    path("nahradni/<str:token>/", offer.offer, name="offer"),
    path("nahradni/<str:token>/jiny/", offer.another, name="offer_another"),
    path("nahradni/<str:token>/jiny/<str:day>/", offer.times, name="offer_times"),
    path("<slug:slug>/", office.office, name="office"),
    path("<slug:slug>/osobni-udaje/", office.privacy, name="privacy"),
    path("<slug:slug>/pristupnost/", office.accessibility, name="accessibility"),
    path("<slug:slug>/odbor/<slug:code>/", officials.department, name="department"),
    path("<slug:slug>/odbor/<slug:code>/kdokoli/", officials.anybody, name="anybody"),
    path("<slug:slug>/odbor/<slug:code>/kontakty/", officials.contacts, name="contacts"),
    path("<slug:slug>/urednik/<slug:code>/", officials.official, name="official"),
    path("<slug:slug>/objednat/", terms.services, name="services"),
    path("<slug:slug>/objednat/<slug:code>/", terms.days, name="days"),
    path("<slug:slug>/objednat/<slug:code>/poradnik/", waiting.wish, name="wish"),
    path("<slug:slug>/objednat/<slug:code>/<str:day>/", terms.times, name="times"),
]
