"""Addresses of the manager."""

from django.urls import path

from prepazka.surfaces.manager import (
    audit_pages,
    devices,
    kept_times,
    messages,
    officials,
    people,
    privacy,
    quotas,
    views,
)

app_name = "manager"
urlpatterns = [
    path("<slug:slug>/", views.overview, name="overview"),
    path("<slug:slug>/listky/<slug:code>/", views.tickets, name="tickets"),
    path("<slug:slug>/volani/", views.calls, name="calls"),
    path("<slug:slug>/volani/listek/", views.why, name="why"),
    path("<slug:slug>/kdo-co/", audit_pages.page, name="deeds"),
    path("<slug:slug>/rozpracovane/", kept_times.page, name="kept_times"),
    path("<slug:slug>/osobni-udaje/", privacy.page, name="privacy"),
    path("<slug:slug>/poradnik/", views.waiting_list, name="waiting_list"),
    path("<slug:slug>/objednavky-na-okno/", quotas.page, name="quotas"),
    path("<slug:slug>/zpravy/", messages.sent, name="messages"),
    path("<slug:slug>/zpravy/zneni/", messages.kinds, name="kinds"),
    path("<slug:slug>/zpravy/zneni/<slug:kind>/<slug:language>/", messages.words, name="words"),
    path("<slug:slug>/soubor/", views.file, name="file"),
    path("<slug:slug>/znak/", views.crest, name="crest"),
    path("<slug:slug>/zarizeni/", devices.devices, name="devices"),
    path("<slug:slug>/zarizeni/<slug:code>/kod/", devices.pairing, name="pairing"),
    path("<slug:slug>/zarizeni/<slug:code>/nacist/", devices.reload, name="reload"),
    path("<slug:slug>/zarizeni/<slug:code>/ztrata/", devices.lost, name="lost"),
    path("<slug:slug>/zarizeni/<slug:code>/odpojit/", devices.disconnect, name="disconnect"),
    path("<slug:slug>/urednici/", officials.officials, name="officials"),
    path("<slug:slug>/urednici/<slug:code>/ucet/", officials.link, name="official_user"),
    path("<slug:slug>/prepazky/<slug:code>/odber/", officials.make_feed, name="feed_make"),
    path("<slug:slug>/odber/<int:feed>/zrusit/", officials.revoke_feed, name="feed_revoke"),
    path("<slug:slug>/lide/", people.people, name="people"),
    path("<slug:slug>/lide/<int:which>/jmeno/", people.rename, name="rename"),
    path("<slug:slug>/lide/<int:which>/role/", people.role, name="role"),
    path("<slug:slug>/lide/<int:which>/porucha/", people.declares, name="declares"),
    path("<slug:slug>/lide/<int:which>/heslo/", people.password, name="password"),
    path(
        "<slug:slug>/lide/<int:which>/druhy-faktor/",
        people.second_factor,
        name="second_factor",
    ),
    path("<slug:slug>/lide/<int:which>/pristupy/", people.access, name="access"),
    path(
        "<slug:slug>/lide/<int:which>/pristupy/<int:session>/konec/",
        people.end_session,
        name="access_session",
    ),
    path(
        "<slug:slug>/lide/<int:which>/pristupy/klice/<int:api_token>/konec/",
        people.end_token,
        name="access_token",
    ),
    path("<slug:slug>/lide/<int:which>/odebrat/", people.remove, name="remove"),
]
