"""Addresses: people's pages in every language, devices, staff, and the API."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from prepazka.surfaces.calendars import views as calendars
from prepazka.surfaces.citizen import office_pages, short_addresses
from prepazka.surfaces.mailbox import demo_clock
from prepazka.surfaces.tour import views as tour

handler400 = "prepazka.web.errors.bad_request"
handler404 = "prepazka.web.errors.not_found"
handler500 = "prepazka.web.errors.server_error"
handler403 = "prepazka.web.errors.forbidden"


def start_page(request: HttpRequest) -> HttpResponse:
    """The start page: the offices, and in a demo the tour."""
    return tour.tour_page(request) if settings.DEMO else office_pages.offices_page(request)


urlpatterns = [
    path("api/v1/", include("prepazka.surfaces.api.urls")),
    path("zpravy/sms/", include("prepazka.surfaces.callbacks.urls")),
    path("", include("prepazka.surfaces.offline.urls")),
    path("znak/<slug:slug>/<slug:digest>.png", office_pages.crest_image, name="crest"),
    path("kalendar/<str:token>.ics", calendars.serve_feed, name="feed"),
    *i18n_patterns(
        path("", start_page, name="start"),
        path("ucet/", include("prepazka.surfaces.console.account_urls")),
        path("ucet/2fa/", include("allauth.mfa.urls")),
        path("pult/", include("prepazka.surfaces.console.urls")),
        path("sprava/", include("prepazka.surfaces.manager.urls")),
        path("kiosk/", include("prepazka.surfaces.kiosk.urls")),
        path("panel/", include("prepazka.surfaces.display.urls")),
        path("t/", include("prepazka.surfaces.ticket.urls")),
        path("listek/", include("prepazka.surfaces.ticket.door_urls")),
        path("demo/hodiny/", demo_clock.demo_clock_page, name="demo_clock"),
        path("demo/posta/", include("prepazka.surfaces.mailbox.urls")),
        path("demo/", include("prepazka.surfaces.tour.urls")),
        *([path("", include("prepazka.surfaces.room.urls"))] if settings.MEETINGS else []),
        path("", include("prepazka.surfaces.monitor.urls")),
        path("", include("prepazka.surfaces.embed.urls")),
        path("", include("prepazka.surfaces.citizen.urls")),
        prefix_default_language=False,
    ),
    # Short, because it is sent in an SMS; last, because an office may have this slug.
    path("s/<str:code>/", short_addresses.short_link, name="short_link"),
    path("s/<str:code>/x/", short_addresses.short_cancel_link, name="short_cancel"),
]
