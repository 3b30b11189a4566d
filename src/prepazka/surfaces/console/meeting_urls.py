"""Addresses of meetings in the console and at the desk."""

from django.urls import path

from prepazka.surfaces.console import desk_meeting_pages, schedule

urlpatterns = [
    path("<slug:slug>/schuzky/", schedule.meetings_page, name="meetings"),
    path("<slug:slug>/schuzky/nazivo/", schedule.meetings_fragment, name="meetings_live"),
    path(
        "<slug:slug>/schuzky/<uuid:booking>/vstup/",
        schedule.enter_meeting_room,
        name="meeting_enter",
    ),
    path(
        "<slug:slug>/schuzky/<uuid:booking>/krok/<slug:name>/",
        schedule.meeting_step,
        name="meeting_step",
    ),
    path("<slug:slug>/schuzky/<uuid:booking>/dalsi/", schedule.follow_up, name="follow_up"),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/zpusob/",
        desk_meeting_pages.change_mode_page,
        name="mode",
    ),
    path(
        "<slug:slug>/recepce/objednavka/<uuid:booking>/ucastnici/",
        desk_meeting_pages.participants_page,
        name="people",
    ),
]
