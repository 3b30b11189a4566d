"""The kiosk's off-line pack (numbers, PINs, services) and its screens without the server."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from prepazka.core import calendar, pin_guard
from prepazka.looks import typography
from prepazka.offices import devices
from prepazka.offices.languages import installed_languages
from prepazka.offices.models import Device, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import OfflineGrant, Ticket
from prepazka.queueing.offline_grants import lease_numbers, lease_tomorrow, pin_list
from prepazka.queueing.tickets import PAUSE, STOPPING, WRONG_PINS
from prepazka.queueing.wrong_pins import guarded_kiosks
from prepazka.surfaces.kiosk import printing
from prepazka.surfaces.kiosk.pin_screens import KEYS
from prepazka.surfaces.kiosk.printing import prints_in_browser
from prepazka.surfaces.kiosk.screen_frame import (
    CONTRAST,
    IDLE,
    language_context,
    of_kiosk,
    pairing_response,
)
from prepazka.surfaces.kiosk.service_choice import assigned_services
from prepazka.web import cookies, missed_call_texts
from prepazka.web.request_checks import RequestNotReadable, json_body
from prepazka.web.shortcuts import now
from prepazka.web.ticket_paper import where_to_wait

# One number for each plural category, as Intl.PluralRules names them in any of the languages.
FORMS = (("one", 1), ("few", 2), ("many", 5), ("other", 5))
BROWSER = re.compile(r"[-0-9a-f]{16,64}")


# Only this site's own pages can send JSON with the device's cookie, which is SameSite=Strict.
@csrf_exempt
@of_kiosk
@require_POST
def offline_pack(request: HttpRequest, kiosk: Device, office: OfficeSnapshot) -> HttpResponse:
    """Renew the kiosk's off-line grant and record the state that the browser reports."""
    try:
        report = json_body(request)
        browser = str(report["browser"])
    except (RequestNotReadable, KeyError, TypeError):
        return HttpResponse(status=400)
    if not BROWSER.fullmatch(browser):
        return HttpResponse(status=400)
    moment = now()
    reload = devices.note_heartbeat(
        device=kiosk.pk,
        now=moment,
        version=str(report.get("version", ""))[:40],
        waiting=_log_length(report.get("log")),
        loaded=report.get("loaded"),
        clock=report.get("clock"),
    )
    printing.look_at_printer(kiosk, now=moment)
    grant = lease_numbers(office=office, device=kiosk, browser=browser, now=moment)
    pack = _pack(grant, kiosk, office, moment) | {"reload": reload}
    following = lease_tomorrow(office=office, device=kiosk, browser=browser, now=moment)
    if following:
        starts = calendar.local_instant(following.date, 0, office.tz)
        pack["next"] = _pack(following, kiosk, office, starts)
    # The kiosk may have been reported lost while the pack was built, which contains new PINs.
    return JsonResponse(pack) if devices.is_paired(kiosk) else pairing_response(request)


@of_kiosk
@require_safe
def offline_shell(request: HttpRequest, kiosk: Device, office: OfficeSnapshot) -> HttpResponse:
    """The page of off-line screens, which the browser caches and fills from the pack."""
    return render(
        request,
        "kiosk/cutoff.html",
        {
            "office": office.row,
            "keys": KEYS,
            "few": FORMS,
            "contrast": "high" if cookies.read_cookie(request, CONTRAST) == "1" else "",
            **language_context(kiosk, office),
            "wall_clock": now().astimezone(office.tz).isoformat(timespec="seconds"),
            "idle": IDLE,
        },
    )


def _pack(
    grant: OfflineGrant, kiosk: Device, office: OfficeSnapshot, moment: datetime
) -> dict[str, Any]:
    numbers: dict[str, list[list[int]]] = {}
    for block in grant.numbers.order_by("first"):
        numbers.setdefault(block.letter, []).append([block.first, block.last])
    return {
        "grant": grant.pk,
        "slug": office.slug,
        "version": 0,
        "now": _ms(moment),
        "expires": _ms(grant.expires_at),
        "day": grant.date.isoformat(),
        "dates": {
            language: typography.short_date(grant.date, language)
            for language in installed_languages()
        },
        "office": office.office_id,
        "zone": office.row.timezone,
        "key": grant.key("log").hex(),
        "pin_key": grant.key("pins").hex(),
        "numbers": numbers,
        "services": [_service(office, s, moment) for s in assigned_services(office, kiosk)],
        "pins": [_pin(entry, office, grant) for entry in pin_list(grant, office)],
        "prints": prints_in_browser(kiosk),
        "wrong_pins": WRONG_PINS,
        "pause": int(PAUSE.total_seconds()),
        "guard": _guard(kiosk, office, grant, moment),
    }


def _guard(
    kiosk: Device, office: OfficeSnapshot, grant: OfflineGrant, moment: datetime
) -> dict[str, int]:
    """Limits on wrong PINs off-line, where the kiosk cannot ask for telephone digits.

    `wrong` PINs within `within` ms stop PINs. `until` is the end (ms) of a stop that the server
    has already imposed, or 0.
    """
    guarded = {g.device.pk: g.until for g in guarded_kiosks(office, now=moment)}
    until = guarded.get(kiosk.pk)
    return {
        "wrong": pin_guard.KIOSK_WRONG,
        "within": _ms(moment + pin_guard.KIOSK_WITHIN) - _ms(moment),
        "until": _ms(min(until, grant.expires_at)) if until else 0,
    }


def _service(office: OfficeSnapshot, service: Service, moment: datetime) -> dict[str, Any]:
    """A service with today's intervals (ms) in which its tickets are issued."""
    day, rules = calendar.day_of(moment, office.tz), office.row
    # A service stopped at the last contact with the server stays stopped off-line.
    stopped = service.pk in office.stopped or service.tickets_today(day) in STOPPING
    hours = (
        office.opening_hours.of_service(service.pk, day) if service.walk_in and not stopped else []
    )
    return {
        "code": service.code,
        "letter": office.agenda_of(service).letter,
        "name": service.name,
        "where": _where_to_wait(office, service),
        "hours": [
            [
                _ms(calendar.local_instant(day, minute, office.tz))
                for minute in (
                    max(0, interval.start - rules.first_ticket_min),
                    interval.end - rules.last_ticket_min,
                )
            ]
            for interval in hours
        ],
    }


def _where_to_wait(office: OfficeSnapshot, service: Service) -> dict[str, str]:
    """Where to wait for the service, by language."""
    sentences = {}
    for language in installed_languages():
        with translation.override(language):
            sentences[language] = where_to_wait(office, service)
    return sentences


def _pin(entry: dict[str, Any], office: OfficeSnapshot, grant: OfflineGrant) -> dict[str, Any]:
    ticket = entry.pop("ticket")
    return entry | {
        "call": _missed_call_texts(ticket, office) if ticket else None,
        "booking": entry["h"],
        "office": office.office_id,
        "day": grant.date.isoformat(),
        "since": entry["since"] and _ms(datetime.fromisoformat(entry["since"])),
        "start": _ms(datetime.fromisoformat(entry["start"])),
        "end": _ms(datetime.fromisoformat(entry["end"])),
    }


def _missed_call_texts(ticket: Ticket, office: OfficeSnapshot) -> dict[str, str]:
    """The text on a missed call for its holder, by language."""
    sentences = {}
    for language in installed_languages():
        with translation.override(language):
            sentences[language] = missed_call_texts.to_holder(ticket, office)
    return sentences


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _log_length(reported: Any) -> int:
    return min(max(reported, 0), 100_000) if isinstance(reported, int) else 0
