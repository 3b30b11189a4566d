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
    path("<slug:slug>/", views.head_overview, name="overview"),
    path("<slug:slug>/listky/<slug:code>/", views.set_tickets_today, name="tickets"),
    path("<slug:slug>/volani/", views.calls_of_day, name="calls"),
    path("<slug:slug>/volani/listek/", views.why_not_called, name="why"),
    path("<slug:slug>/kdo-co/", audit_pages.audit_log_page, name="deeds"),
    path("<slug:slug>/rozpracovane/", network_hold_pages.kept_times_page, name="kept_times"),
    path("<slug:slug>/osobni-udaje/", personal_data_pages.privacy_request_page, name="privacy"),
    path("<slug:slug>/poradnik/", views.waiting_list, name="waiting_list"),
    path("<slug:slug>/objednavky-na-okno/", quota_pages.quotas_page, name="quotas"),
    path("<slug:slug>/zpravy/", message_pages.sent_messages_page, name="messages"),
    path("<slug:slug>/zpravy/zneni/", message_pages.message_kinds_page, name="kinds"),
    path(
        "<slug:slug>/zpravy/zneni/<slug:kind>/<slug:language>/",
        message_pages.edit_message_texts,
        name="words",
    ),
    path("<slug:slug>/soubor/", views.office_file_page, name="file"),
    path("<slug:slug>/znak/", views.crest_page, name="crest"),
    path("<slug:slug>/zarizeni/", device_pages.devices_page, name="devices"),
    path(
        "<slug:slug>/zarizeni/<slug:code>/kod/", device_pages.make_pairing_code_page, name="pairing"
    ),
    path("<slug:slug>/zarizeni/<slug:code>/nacist/", device_pages.ask_device_reload, name="reload"),
    path("<slug:slug>/zarizeni/<slug:code>/ztrata/", device_pages.lost_kiosk_page, name="lost"),
    path(
        "<slug:slug>/zarizeni/<slug:code>/odpojit/",
        device_pages.disconnect_device,
        name="disconnect",
    ),
    path("<slug:slug>/urednici/", diary_account_pages.officials_page, name="officials"),
    path(
        "<slug:slug>/urednici/<slug:code>/ucet/",
        diary_account_pages.link_official_account,
        name="official_user",
    ),
    path(
        "<slug:slug>/prepazky/<slug:code>/odber/", diary_account_pages.make_feed, name="feed_make"
    ),
    path(
        "<slug:slug>/odber/<int:feed>/zrusit/", diary_account_pages.revoke_feed, name="feed_revoke"
    ),
    path("<slug:slug>/lide/", staff_pages.staff_page, name="people"),
    path("<slug:slug>/lide/<int:which>/jmeno/", staff_pages.rename_member, name="rename"),
    path("<slug:slug>/lide/<int:which>/role/", staff_pages.change_member_role, name="role"),
    path(
        "<slug:slug>/lide/<int:which>/porucha/",
        staff_pages.change_right_to_declare,
        name="declares",
    ),
    path("<slug:slug>/lide/<int:which>/heslo/", staff_pages.give_member_password, name="password"),
    path(
        "<slug:slug>/lide/<int:which>/druhy-faktor/",
        staff_pages.reset_member_second_factor,
        name="second_factor",
    ),
    path("<slug:slug>/lide/<int:which>/pristupy/", staff_pages.member_access, name="access"),
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
    path("<slug:slug>/lide/<int:which>/odebrat/", staff_pages.remove_member, name="remove"),
]
