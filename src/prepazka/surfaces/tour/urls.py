"""Addresses of the tour; the page itself is the start page of a demo."""

from django.urls import path

from prepazka.surfaces.tour import views

app_name = "tour"
urlpatterns = [
    path("stav/", views.tour_status, name="status"),
    path("cas/", views.set_clock, name="clock"),
    path("lide/", views.let_people_come, name="people"),
    path("prihlasit/<slug:slug>/<slug:role>/", views.log_in, name="log_in"),
    path("zarizeni/<slug:slug>/<slug:code>/", views.pair_tour_browser, name="pair"),
]
