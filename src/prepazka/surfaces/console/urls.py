"""Addresses of the console and of the desk."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from prepazka.surfaces.console import (
    calendar_pages,
    call_list_pages,
    console_offline_pack,
    desk,
    desk_booking_pages,
    diary,
    disruption_pages,
    incident_pages,
    operators,
    own_clients,
    private_appointment_pages,
    queue_pages,
    takeover,
    views,
    weekly_hours_pages,
)

app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.staff_home, name="home"),
    path("<slug:slug>/", views.office_page, name="office"),
    path("<slug:slug>/otevrit/", views.open_counter, name="open"),
    path("<slug:slug>/nazivo/", views.board_fragment, name="fragment"),
    path("<slug:slug>/prepazky/", takeover.open_counters_page, name="counters"),
    path("<slug:slug>/prepazky/<int:shift>/", takeover.left_counter, name="left_counter"),
    path("<slug:slug>/krok/<slug:name>/", views.board_step, name="step"),
    path("<slug:slug>/bez-site/", console_offline_pack.offline_counter_page, name="cutoff"),
    path("<slug:slug>/bez-site/data/", console_offline_pack.renew_call_list, name="cutoff_data"),
    path("<slug:slug>/bez-site/konec/", console_offline_pack.return_call_list, name="cutoff_leave"),
    path("<slug:slug>/kontakt/<int:ticket>/", views.client_contact, name="contact"),
    path("<slug:slug>/poradi/", queue_pages.overtakes, name="before"),
    path("<slug:slug>/neprisli/", queue_pages.missed_tickets, name="missed"),
    path("<slug:slug>/neprisli/<int:ticket>/zpet/", queue_pages.put_back, name="put_back"),
    path("<slug:slug>/vypadek/", disruption_pages.plan_disruption, name="disrupt"),
    path(
        "<slug:slug>/vypadek/<int:disruption>/",
        disruption_pages.disruption_result,
        name="disruption",
    ),
    path(
        "<slug:slug>/vypadek/<int:disruption>/zpet/",
        disruption_pages.undo_disruption_page,
        name="undo_disruption",
    ),
    path("<slug:slug>/porucha/", incident_pages.incidents_page, name="incidents"),
    path(
        "<slug:slug>/porucha/<int:incident>/zmena/",
        incident_pages.change_incident_page,
        name="incident_change",
    ),
    path(
        "<slug:slug>/porucha/<int:incident>/konec/",
        incident_pages.end_incident_page,
        name="incident_end",
    ),
    path("<slug:slug>/volani/", call_list_pages.call_list, name="calls"),
    path("<slug:slug>/volani/dalsi/", call_list_pages.take_call_entry, name="call_next"),
    path("<slug:slug>/volani/<int:entry>/", call_list_pages.call_page, name="call"),
    path(
        "<slug:slug>/volani/<int:entry>/jiny/",
        call_list_pages.choose_other_slot,
        name="call_another",
    ),
    path("<slug:slug>/diar/", diary.list_of_diaries, name="diaries"),
    path("<slug:slug>/diar/<slug:code>/", diary.diary_page, name="diary"),
    path("<slug:slug>/diar/<slug:code>/zmena/", diary.add_exception_page, name="diary_add"),
    path(
        "<slug:slug>/diar/<slug:code>/zrusit/<int:exception>/",
        diary.remove_exception_page,
        name="diary_remove",
    ),
    path("<slug:slug>/diar/<slug:code>/objednat/", own_clients.book_own_client, name="own_book"),
    path(
        "<slug:slug>/diar/<slug:code>/objednat/<slug:service>/",
        own_clients.own_slots,
        name="own_slots",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/",
        own_clients.own_client_page,
        name="own_client",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/kontakt/",
        own_clients.fill_in,
        name="own_fill_in",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/vratit/",
        own_clients.give_back,
        name="own_give_back",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/osoba/",
        own_clients.edit_own_contact,
        name="own_person",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/presun/",
        own_clients.move_own_booking,
        name="own_move",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/zrusit/",
        own_clients.cancel_own_booking,
        name="own_cancel",
    ),
    path("<slug:slug>/telefon/", operators.operator_screen, name="operators"),
    path("<slug:slug>/telefon/misto/", operators.take_slot, name="take"),
    path(
        "<slug:slug>/diar/<slug:code>/tyden/", weekly_hours_pages.change_weekly_hours, name="week"
    ),
    path(
        "<slug:slug>/diar/<slug:code>/cas/",
        private_appointment_pages.add_appointment_page,
        name="appointment_add",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/cas/<int:appointment>/",
        private_appointment_pages.change_appointment_page,
        name="appointment",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/cas/<int:appointment>/smazat/",
        private_appointment_pages.remove_appointment_page,
        name="appointment_remove",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/", calendar_pages.calendars_page, name="calendars"
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/odebrat/",
        calendar_pages.remove_outside_calendar,
        name="calendar_remove",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/nastaveni/",
        calendar_pages.change_settings,
        name="calendar_settings",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/volno/",
        calendar_pages.free_calendar_time,
        name="calendar_free",
    ),
    path("<slug:slug>/diar/<slug:code>/odber/", calendar_pages.make_feed, name="feed_make"),
    path(
        "<slug:slug>/diar/<slug:code>/odber/<int:feed>/zrusit/",
        calendar_pages.revoke_feed,
        name="feed_revoke",
    ),
    path("<slug:slug>/recepce/", desk.bookings_of_day, name="desk"),
    path("<slug:slug>/recepce/prichod/<uuid:booking>/", desk.check_in_booking, name="arrive"),
    path("<slug:slug>/recepce/listek/", desk.new_ticket, name="new_ticket"),
    path("<slug:slug>/recepce/listek/<int:ticket>/", desk.ticket_page, name="ticket"),
    path(
        "<slug:slug>/recepce/listek/<int:ticket>/spravne/", desk.replace_code, name="replace_code"
    ),
    path("<slug:slug>/recepce/objednat/", desk_booking_pages.choose_service, name="book"),
    path(
        "<slug:slug>/recepce/objednat/<slug:service>/", desk_booking_pages.choose_slot, name="terms"
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/kontakt/",
        desk_booking_pages.fill_in,
        name="fill_in",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/vratit/",
        desk_booking_pages.give_back,
        name="give_back",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/",
        desk_booking_pages.booking_slip,
        name="slip",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/osoba/",
        desk_booking_pages.edit_contact,
        name="person",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/presun/",
        desk_booking_pages.move_booking_page,
        name="move",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/zrusit/",
        desk_booking_pages.cancel_booking_page,
        name="cancel",
    ),
]
if settings.MEETINGS:
    urlpatterns.append(path("", include("prepazka.surfaces.console.meeting_urls")))
