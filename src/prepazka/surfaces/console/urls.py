"""Addresses of the console and of the desk."""

from django.urls import path

from prepazka.surfaces.console import (
    appointments,
    booking,
    calendars,
    calls,
    cutoff,
    desk,
    diary,
    disruptions,
    incidents,
    meetings,
    missed,
    operators,
    overtakes,
    own_clients,
    schedule,
    takeover,
    views,
    weeks,
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
    path("<slug:slug>/bez-site/", cutoff.shell, name="cutoff"),
    path("<slug:slug>/bez-site/data/", cutoff.data, name="cutoff_data"),
    path("<slug:slug>/bez-site/konec/", cutoff.leave, name="cutoff_leave"),
    path("<slug:slug>/kontakt/<int:ticket>/", views.contact, name="contact"),
    path("<slug:slug>/poradi/", overtakes.page, name="before"),
    path("<slug:slug>/neprisli/", missed.page, name="missed"),
    path("<slug:slug>/neprisli/<int:ticket>/zpet/", missed.put_back, name="put_back"),
    path("<slug:slug>/vypadek/", disruptions.plan, name="disrupt"),
    path("<slug:slug>/vypadek/<int:disruption>/", disruptions.result, name="disruption"),
    path("<slug:slug>/vypadek/<int:disruption>/zpet/", disruptions.undo, name="undo_disruption"),
    path("<slug:slug>/porucha/", incidents.page, name="incidents"),
    path("<slug:slug>/porucha/<int:incident>/zmena/", incidents.change, name="incident_change"),
    path("<slug:slug>/porucha/<int:incident>/konec/", incidents.end, name="incident_end"),
    path("<slug:slug>/schuzky/", schedule.page, name="meetings"),
    path("<slug:slug>/schuzky/nazivo/", schedule.fragment, name="meetings_live"),
    path("<slug:slug>/schuzky/<uuid:booking>/vstup/", schedule.enter, name="meeting_enter"),
    path(
        "<slug:slug>/schuzky/<uuid:booking>/krok/<slug:name>/", schedule.step, name="meeting_step"
    ),
    path("<slug:slug>/schuzky/<uuid:booking>/dalsi/", schedule.follow_up, name="follow_up"),
    path("<slug:slug>/volani/", calls.call_list, name="calls"),
    path("<slug:slug>/volani/dalsi/", calls.take, name="call_next"),
    path("<slug:slug>/volani/<int:entry>/", calls.call, name="call"),
    path("<slug:slug>/volani/<int:entry>/jiny/", calls.another, name="call_another"),
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
    path("<slug:slug>/diar/<slug:code>/tyden/", weeks.week, name="week"),
    path("<slug:slug>/diar/<slug:code>/cas/", appointments.add, name="appointment_add"),
    path(
        "<slug:slug>/diar/<slug:code>/cas/<int:appointment>/",
        appointments.change,
        name="appointment",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/cas/<int:appointment>/smazat/",
        appointments.remove,
        name="appointment_remove",
    ),
    path("<slug:slug>/diar/<slug:code>/kalendare/", calendars.page, name="calendars"),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/odebrat/",
        calendars.remove,
        name="calendar_remove",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/nastaveni/",
        calendars.change_settings,
        name="calendar_settings",
    ),
    path(
        "<slug:slug>/diar/<slug:code>/kalendare/<int:calendar>/volno/",
        calendars.free,
        name="calendar_free",
    ),
    path("<slug:slug>/diar/<slug:code>/odber/", calendars.make_feed, name="feed_make"),
    path(
        "<slug:slug>/diar/<slug:code>/odber/<int:feed>/zrusit/",
        calendars.revoke_feed,
        name="feed_revoke",
    ),
    path("<slug:slug>/recepce/", desk.bookings, name="desk"),
    path("<slug:slug>/recepce/prichod/<uuid:booking>/", desk.arrive, name="arrive"),
    path("<slug:slug>/recepce/listek/", desk.new_ticket, name="new_ticket"),
    path("<slug:slug>/recepce/listek/<int:ticket>/", desk.ticket_page, name="ticket"),
    path(
        "<slug:slug>/recepce/listek/<int:ticket>/spravne/", desk.replace_code, name="replace_code"
    ),
    path("<slug:slug>/recepce/objednat/", booking.choose_service, name="book"),
    path("<slug:slug>/recepce/objednat/<slug:service>/", booking.choose_term, name="terms"),
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/kontakt/", booking.fill_in, name="fill_in"),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/vratit/", booking.give_back, name="give_back"
    ),
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/", booking.slip, name="slip"),
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/osoba/", booking.person, name="person"),
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/presun/", booking.move, name="move"),
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/zpusob/", meetings.mode, name="mode"),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/ucastnici/", meetings.people, name="people"
    ),
    path("<slug:slug>/recepce/objednavka/<uuid:booking>/zrusit/", booking.cancel, name="cancel"),
]
