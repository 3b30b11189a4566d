"""Addresses of the room: one page, and what its scripts ask."""

from django.urls import path

from prepazka.surfaces.room import document_views, minutes_views, views

app_name = "room"
urlpatterns = [
    path("<slug:slug>/schuzka/<str:token>/", views.room_page, name="page"),
    path("<slug:slug>/schuzka/<str:token>/vstup/", views.take_seat, name="enter"),
    path("<slug:slug>/schuzka/<str:token>/poradi/", views.turn_response, name="turn"),
    path("<slug:slug>/schuzka/<str:token>/uvnitr/", views.room_setup, name="inside"),
    path("<slug:slug>/schuzka/<str:token>/mistnost/", views.redirect_to_server, name="venue"),
    path("<slug:slug>/schuzka/<str:token>/krok/<str:action>/", views.participant_step, name="step"),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/", document_views.documents_response, name="files"
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/",
        document_views.document_file,
        name="file",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/odebrat/",
        document_views.remove_document_response,
        name="file_remove",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/strana/<int:number>/",
        document_views.page_picture,
        name="file_page",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/strana/<int:number>/text/",
        document_views.words_of_page,
        name="file_text",
    ),
    path("<slug:slug>/schuzka/<str:token>/ukazat/", document_views.show_document_page, name="show"),
    path("<slug:slug>/schuzka/<str:token>/vedeni/", document_views.give_lead_response, name="lead"),
    path("<slug:slug>/schuzka/<str:token>/zapis/", minutes_views.minutes_draft, name="minutes"),
    path(
        "<slug:slug>/schuzka/<str:token>/zapis.pdf", minutes_views.minutes_pdf, name="minutes_pdf"
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/zapis/<str:action>/",
        minutes_views.minutes_step,
        name="minutes_step",
    ),
]
