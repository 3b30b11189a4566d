"""Addresses of the room: one page, and what its scripts ask."""

from django.urls import path

from prepazka.surfaces.room import minutes, papers, views

app_name = "room"
urlpatterns = [
    path("<slug:slug>/schuzka/<str:token>/", views.page, name="page"),
    path("<slug:slug>/schuzka/<str:token>/vstup/", views.enter, name="enter"),
    path("<slug:slug>/schuzka/<str:token>/poradi/", views.turn, name="turn"),
    path("<slug:slug>/schuzka/<str:token>/uvnitr/", views.inside, name="inside"),
    path("<slug:slug>/schuzka/<str:token>/mistnost/", views.venue, name="venue"),
    path("<slug:slug>/schuzka/<str:token>/krok/<str:action>/", views.step, name="step"),
    path("<slug:slug>/schuzka/<str:token>/soubory/", papers.files, name="files"),
    path("<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/", papers.file, name="file"),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/odebrat/",
        papers.remove,
        name="file_remove",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/strana/<int:number>/",
        papers.picture,
        name="file_page",
    ),
    path(
        "<slug:slug>/schuzka/<str:token>/soubory/<uuid:document>/strana/<int:number>/text/",
        papers.words_of_page,
        name="file_text",
    ),
    path("<slug:slug>/schuzka/<str:token>/ukazat/", papers.show, name="show"),
    path("<slug:slug>/schuzka/<str:token>/vedeni/", papers.lead, name="lead"),
    path("<slug:slug>/schuzka/<str:token>/zapis/", minutes.draft, name="minutes"),
    path("<slug:slug>/schuzka/<str:token>/zapis.pdf", minutes.pdf, name="minutes_pdf"),
    path("<slug:slug>/schuzka/<str:token>/zapis/<str:action>/", minutes.step, name="minutes_step"),
]
