"""Addresses of the console and of the desk."""

from django.urls import path

from prepazka.surfaces.console import (
    calendar_pages,
    call_list_pages,
    console_offline_pack,
    desk,
    desk_booking_pages,
    desk_meeting_pages,
    diary,
    disruption_pages,
    incident_pages,
    operators,
    own_clients,
    private_appointment_pages,
    queue_pages,
    schedule,
    takeover,
    views,
    weekly_hours_pages,
)

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("<slug:slug>/", views.office_page, name="office"),
    path("<slug:slug>/otevrit/", views.open_counter, name="open"),
    path("<slug:slug>/nazivo/", views.fragment, name="fragment"),
    path("<slug:slug>/prepazky/", takeover.open_ones, name="counters"),
    path("<slug:slug>/prepazky/<int:shift>/", takeover.left_counter, name="left_counter"),
    path("<slug:slug>/krok/<slug:name>/", views.step, name="step"),
    path("<slug:slug>/bez-site/", console_offline_pack.shell, name="cutoff"),
    path("<slug:slug>/bez-site/data/", console_offline_pack.data, name="cutoff_data"),
    path("<slug:slug>/bez-site/konec/", console_offline_pack.leave, name="cutoff_leave"),
    path("<slug:slug>/kontakt/<int:ticket>/", views.contact, name="contact"),
    path("<slug:slug>/poradi/", queue_pages.overtakes, name="before"),
    path("<slug:slug>/neprisli/", queue_pages.missed_tickets, name="missed"),
    path("<slug:slug>/neprisli/<int:ticket>/zpet/", queue_pages.put_back, name="put_back"),
    path("<slug:slug>/vypadek/", disruption_pages.plan, name="disrupt"),
    path("<slug:slug>/vypadek/<int:disruption>/", disruption_pages.result, name="disruption"),
    path(
        "<slug:slug>/vypadek/<int:disruption>/zpet/", disruption_pages.undo, name="undo_disruption"
    ),
    path("<slug:slug>/porucha/", incident_pages.page, name="incidents"),
    path(
        "<slug:slug>/porucha/<int:incident>/zmena/", incident_pages.change, name="incident_change"
    ),
    path("<slug:slug>/porucha/<int:incident>/konec/", incident_pages.end, name="incident_end"),
    path("<slug:slug>/schuzky/", schedule.page, name="meetings"),
    path("<slug:slug>/schuzky/nazivo/", schedule.fragment, name="meetings_live"),
    path("<slug:slug>/schuzky/<uuid:booking>/vstup/", schedule.enter, name="meeting_enter"),
    path(
        "<slug:slug>/schuzky/<uuid:booking>/krok/<slug:name>/", schedule.step, name="meeting_step"
    ),
    path("<slug:slug>/schuzky/<uuid:booking>/dalsi/", schedule.follow_up, name="follow_up"),
    path("<slug:slug>/volani/", call_list_pages.call_list, name="calls"),
    path("<slug:slug>/volani/dalsi/", call_list_pages.take, name="call_next"),
    path("<slug:slug>/volani/<int:entry>/", call_list_pages.call, name="call"),
    path("<slug:slug>/volani/<int:entry>/jiny/", call_list_pages.another, name="call_another"),
    path("<slug:slug>/diar/", diary.diaries, name="diaries"),
    path("<slug:slug>/diar/<slug:code>/", diary.diary, name="diary"),
    path("<slug:slug>/diar/<slug:code>/zmena/", diary.add, name="diary_add"),
    path("<slug:slug>/diar/<slug:code>/zrusit/<int:exception>/", diary.remove, name="diary_remove"),
    path("<slug:slug>/diar/<slug:code>/objednat/", own_clients.book, name="own_book"),
    path(
        "<slug:slug>/diar/<slug:code>/objednat/<slug:service>/",
        own_clients.slots,
        name="own_slots",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/",
        own_clients.client,
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
        own_clients.person,
        name="own_person",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/presun/",
        own_clients.move,
        name="own_move",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/klient/<uuid:booking>/zrusit/",
        own_clients.cancel,
        name="own_cancel",
    ),
    path("<slug:slug>/telefon/", operators.screen, name="operators"),
    path("<slug:slug>/telefon/misto/", operators.take, name="take"),
    path("<slug:slug>/diar/<slug:code>/tyden/", weekly_hours_pages.week, name="week"),
    path(
        "<slug:slug>/diar/<slug:code>/cas/", private_appointment_pages.add, name="appointment_add"
    ),
    path(
        "<slug:slug>/diar/<slug:code>/cas/<int:appointment>/",
        private_appointment_pages.change,
        name="appointment",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/cas/<int:appointment>/smazat/",
        private_appointment_pages.remove,
        name="appointment_remove",
    ),
    path("<slug:slug>/diar/<slug:code>/kalendare/", calendar_pages.page, name="calendars"),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/odebrat/",
        calendar_pages.remove,
        name="calendar_remove",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/nastaveni/",
        calendar_pages.change_settings,
        name="calendar_settings",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/volno/",
        calendar_pages.free,
        name="calendar_free",
    ),
    path("<slug:slug>/diar/<slug:code>/odber/", calendar_pages.make_feed, name="feed_make"),
    path(
        "<slug:slug>/diar/<slug:code>/odber/<int:feed>/zrusit/",
        calendar_pages.revoke_feed,
        name="feed_revoke",
    ),
    path("<slug:slug>/recepce/", desk.bookings, name="desk"),
    path("<slug:slug>/recepce/prichod/<uuid:booking>/", desk.arrive, name="arrive"),
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
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/", desk_booking_pages.slip, name="slip"),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/osoba/",
        desk_booking_pages.person,
        name="person",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/presun/",
        desk_booking_pages.move,
        name="move",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/zpusob/",
        desk_meeting_pages.mode,
        name="mode",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/ucastnici/",
        desk_meeting_pages.people,
        name="people",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/zrusit/",
        desk_booking_pages.cancel,
        name="cancel",
    ),
]
