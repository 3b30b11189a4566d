"""Addresses of the manager."""

from django.urls import path

from prepazka.surfaces.manager import (
    audit_pages,
    device_pages,
    diary_account_pages,
    message_pages,
    network_hold_pages,
    personal_data_pages,
    quota_pages,
    staff_pages,
    views,
)

app_name = "manager"
urlpatterns = [
    path("<slug:slug>/", views.overview, name="overview"),
    path("<slug:slug>/listky/<slug:code>/", views.tickets, name="tickets"),
    path("<slug:slug>/volani/", views.calls, name="calls"),
    path("<slug:slug>/volani/listek/", views.why, name="why"),
    path("<slug:slug>/kdo-co/", audit_pages.page, name="deeds"),
    path("<slug:slug>/rozpracovane/", network_hold_pages.page, name="kept_times"),
    path("<slug:slug>/osobni-udaje/", personal_data_pages.page, name="privacy"),
    path("<slug:slug>/poradnik/", views.waiting_list, name="waiting_list"),
    path("<slug:slug>/objednavky-na-okno/", quota_pages.page, name="quotas"),
    path("<slug:slug>/zpravy/", message_pages.sent, name="messages"),
    path("<slug:slug>/zpravy/zneni/", message_pages.kinds, name="kinds"),
    path(
        "<slug:slug>/zpravy/zneni/<slug:kind>/<slug:language>/", message_pages.words, name="words"
    ),
    path("<slug:slug>/soubor/", views.file, name="file"),
    path("<slug:slug>/znak/", views.crest, name="crest"),
    path("<slug:slug>/zarizeni/", device_pages.devices, name="devices"),
    path("<slug:slug>/zarizeni/<slug:code>/kod/", device_pages.pairing, name="pairing"),
    path("<slug:slug>/zarizeni/<slug:code>/nacist/", device_pages.reload, name="reload"),
    path("<slug:slug>/zarizeni/<slug:code>/ztrata/", device_pages.lost, name="lost"),
    path("<slug:slug>/zarizeni/<slug:code>/odpojit/", device_pages.disconnect, name="disconnect"),
    path("<slug:slug>/urednici/", diary_account_pages.officials, name="officials"),
    path("<slug:slug>/urednici/<slug:code>/ucet/", diary_account_pages.link, name="official_user"),
    path(
        "<slug:slug>/prepazky/<slug:code>/odber/", diary_account_pages.make_feed, name="feed_make"
    ),
    path(
        "<slug:slug>/odber/<int:feed>/zrusit/", diary_account_pages.revoke_feed, name="feed_revoke"
    ),
    path("<slug:slug>/lide/", staff_pages.people, name="people"),
    path("<slug:slug>/lide/<int:which>/jmeno/", staff_pages.rename, name="rename"),
    path("<slug:slug>/lide/<int:which>/role/", staff_pages.role, name="role"),
    path("<slug:slug>/lide/<int:which>/porucha/", staff_pages.declares, name="declares"),
    path("<slug:slug>/lide/<int:which>/heslo/", staff_pages.password, name="password"),
    path(
        "<slug:slug>/lide/<int:which>/druhy-faktor/",
        staff_pages.second_factor,
        name="second_factor",
    ),
    path("<slug:slug>/lide/<int:which>/pristupy/", staff_pages.access, name="access"),
    path(
        "<slug:slug>/lide/<int:which>/pristupy/<int:session>/konec/",
        staff_pages.end_session,
        name="access_session",
    ),
    path(
        "<slug:slug>/lide/<int:which>/pristupy/klice/<int:api_token>/konec/",
        staff_pages.end_token,
        name="access_token",
    ),
    path("<slug:slug>/lide/<int:which>/odebrat/", staff_pages.remove, name="remove"),
]
