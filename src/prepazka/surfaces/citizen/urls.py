"""Addresses of the citizen; those with a token come first, because an office may have any name."""

from django.conf import settings
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
    path("", office_pages.offices_page, name="home"),
    path("termin/<str:token>/", hold_pages.contact_form_page, name="contact"),
    path("termin/<str:token>/kontrola/", hold_pages.check_answers_page, name="check"),
    path("termin/<str:token>/odeslano/", hold_pages.request_sent_page, name="sent"),
    path("potvrzeni/<str:token>/", booking_pages.confirm_page, name="confirm"),
    path("objednavka/<str:token>/", booking_pages.booking_page, name="booking"),
    path("objednavka/<str:token>/termin.ics", booking_pages.calendar_file, name="calendar"),
    path("objednavka/<str:token>/zrusit/", booking_pages.cancel_page, name="cancel"),
    path("objednavka/<str:token>/zmenit/", booking_pages.move_days, name="move"),
    path("objednavka/<str:token>/zmenit/<str:day>/", booking_pages.move_times, name="move_times"),
    path("objednavka/<str:token>/drive/", waiting_list_pages.join_for_sooner_page, name="sooner"),
    path("poradnik/<str:token>/", waiting_list_pages.waiting_list_entry_page, name="waiting"),
    path("misto/<str:token>/", waiting_list_pages.offered_slot_page, name="place"),
    path("nahradni/<str:token>/", substitute_pages.offer_page, name="offer"),
    path("nahradni/<str:token>/jiny/", substitute_pages.choose_other_day, name="offer_another"),
    path("nahradni/<str:token>/jiny/<str:day>/", substitute_pages.offer_times, name="offer_times"),
    path("<slug:slug>/", office_pages.office_page, name="office"),
    path("<slug:slug>/osobni-udaje/", office_pages.privacy_notice, name="privacy"),
    path("<slug:slug>/pristupnost/", office_pages.accessibility_statement, name="accessibility"),
    path("<slug:slug>/odbor/<slug:code>/", official_pages.department_page, name="department"),
    path(
        "<slug:slug>/odbor/<slug:code>/kdokoli/",
        official_pages.topics_of_department,
        name="anybody",
    ),
    path("<slug:slug>/odbor/<slug:code>/kontakty/", official_pages.contacts_page, name="contacts"),
    path("<slug:slug>/urednik/<slug:code>/", official_pages.official_page, name="official"),
    path("<slug:slug>/objednat/", slot_pages.services_page, name="services"),
    path("<slug:slug>/objednat/<slug:code>/", slot_pages.days_page, name="days"),
    path(
        "<slug:slug>/objednat/<slug:code>/poradnik/",
        waiting_list_pages.waiting_list_form,
        name="wish",
    ),
    path("<slug:slug>/objednat/<slug:code>/<str:day>/", slot_pages.times_page, name="times"),
]
if settings.MEETINGS:
    urlpatterns += [
        path(
            "objednavka/<str:token>/zpusob/", meeting_mode_pages.change_mode_of_booking, name="mode"
        ),
        path("objednavka/<str:token>/ucastnici/", meeting_mode_pages.guests_page, name="people"),
    ]
