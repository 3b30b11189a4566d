"""Addresses of the room: one page, and what its scripts ask."""

from django.urls import path

from prepazka.surfaces.room import views

app_name = "room"
urlpatterns = [
    path("<slug:slug>/schuzka/<str:token>/", views.page, name="page"),
    path("<slug:slug>/schuzka/<str:token>/vstup/", views.enter, name="enter"),
    path("<slug:slug>/schuzka/<str:token>/poradi/", views.turn, name="turn"),
    path("<slug:slug>/schuzka/<str:token>/uvnitr/", views.inside, name="inside"),
    path("<slug:slug>/schuzka/<str:token>/mistnost/", views.venue, name="venue"),
    path("<slug:slug>/schuzka/<str:token>/krok/<str:action>/", views.step, name="step"),
]
