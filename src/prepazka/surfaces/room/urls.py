"""Addresses of the room: one page, and what its scripts ask."""

from django.urls import path

from prepazka.surfaces.room import document_views, minutes_views, views

app_name = "room"
urlpatterns = [
    path("<slug:slug>/schuzka/<str:token>/", views.page, name="page"),
    path("<slug:slug>/schuzka/<str:token>/vstup/", views.enter, name="enter"),
    path("<slug:slug>/schuzka/<str:token>/poradi/", views.turn, name="turn"),
    path("<slug:slug>/schuzka/<str:token>/uvnitr/", views.inside, name="inside"),
    path("<slug:slug>/schuzka/<str:token>/mistnost/", views.venue, name="venue"),
    path("<slug:slug>/schuzka/<str:token>/krok/<str:action>/", views.step, name="step"),
    path("<slug:slug>/schuzka/<str:token>/soubory/", document_views.files, name="files"),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/", document_views.file, name="file"
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/odebrat/",
        document_views.remove,
        name="file_remove",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/strana/<int:number>/",
        document_views.picture,
        name="file_page",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/strana/<int:number>/text/",
        document_views.words_of_page,
        name="file_text",
    ),
    path("<slug:slug>/schuzka/<str:token>/ukazat/", document_views.show, name="show"),
    path("<slug:slug>/schuzka/<str:token>/vedeni/", document_views.lead, name="lead"),
    path("<slug:slug>/schuzka/<str:token>/zapis/", minutes_views.draft, name="minutes"),
    path("<slug:slug>/schuzka/<str:token>/zapis.pdf", minutes_views.pdf, name="minutes_pdf"),
    path(
        "<slug:slug>/schuzka/<str:token>/zapis/<str:action>/",
        minutes_views.step,
        name="minutes_step",
    ),
]
