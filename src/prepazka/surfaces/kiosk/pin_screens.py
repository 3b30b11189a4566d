"""Kiosk screens for people with a booking: the PIN keypad and the answer to a PIN."""

from __future__ import annotations

from math import ceil
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from prepazka.core.pins import Outcome
from prepazka.offices.languages import active_language
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.refusals import CodeNeeded, DevicePaused, SecondAnswerNeeded
from prepazka.queueing.tickets import check_in, shows_ticket
from prepazka.surfaces.kiosk import outcome_screens
from prepazka.surfaces.kiosk.screen_frame import fresh_start, of_kiosk, render_screen, touch_of
from prepazka.surfaces.kiosk.views import hand_over
from prepazka.web.shortcuts import now

DIGITS = 4
KEYS = "123456789"
LONGEST_SECOND = 7  # a code such as 4K7-9M2


@of_kiosk
@require_http_methods(["GET", "HEAD", "POST"])
def pin_keypad(request: HttpRequest, kiosk: Device, office: OfficeSnapshot) -> HttpResponse:
    """The keypad. Without JavaScript each key is a post that returns with one digit more."""
    typed = "".join(c for c in request.POST.get("pin", "") if c in "0123456789")[:DIGITS]
    touch = touch_of(request) or uuid4()
    if pause_seconds := _pause_left(kiosk):
        return redirect(
            outcome_screens.answer_address(
                outcome_screens.KioskAnswer("paused", seconds=pause_seconds)
            )
        )
    if "second" in request.POST and request.POST.get("key", ""):
        return _ask_second_answer(request, kiosk, office, typed, touch)
    if request.method == "POST" and "key" not in request.POST:
        return _try_pin(kiosk, office, typed, request)
    key = request.POST.get("key", "")
    typed = typed[:-1] if key == "back" else (typed + key[:1])[:DIGITS]
    return render_screen(request, kiosk, office, "pin", typed=typed, touch=touch, keys=KEYS)


@of_kiosk
@require_safe
def answer_pin(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The answer to the PIN, and the next step."""
    answer = outcome_screens.read_answer(token)
    if answer is None:
        return redirect(fresh_start())
    return render_screen(
        request, kiosk, office, "answer", **outcome_screens.answer_context(answer, office, now())
    )


def _try_pin(
    kiosk: Device, office: OfficeSnapshot, typed: str, request: HttpRequest
) -> HttpResponse:
    touch = touch_of(request)
    if len(typed) < DIGITS or touch is None:
        return redirect(outcome_screens.answer_address(outcome_screens.KioskAnswer("short")))
    moment = now()
    try:
        checkin = check_in(
            office=office,
            device=kiosk,
            pin=typed,
            touch=touch,
            now=moment,
            language=active_language(),
            second_answer=request.POST.get("second", "").strip()[:LONGEST_SECOND],
        )
    except (DevicePaused, SecondAnswerNeeded) as refusal:
        return _refused(request, kiosk, office, typed, touch, refusal)
    outcome = checkin.verdict.outcome
    if checkin.ticket and shows_ticket(checkin.verdict):
        # A repeated touch does not print a second slip by itself.
        fresh = not checkin.verdict.accepted or checkin.ticket.issued_at == moment
        return hand_over(kiosk, office, checkin.ticket, fresh=fresh)
    kiosk.refresh_from_db(fields=["paused_until"])
    if pause_seconds := _pause_left(kiosk):
        return redirect(
            outcome_screens.answer_address(
                outcome_screens.KioskAnswer("paused", seconds=pause_seconds)
            )
        )
    if outcome is Outcome.UNKNOWN and request.POST.get("second", ""):
        return redirect(outcome_screens.answer_address(outcome_screens.KioskAnswer("unknown_pair")))
    return redirect(outcome_screens.answer_address(outcome_screens.answer_of_verdict(checkin)))


def _refused(
    request: HttpRequest,
    kiosk: Device,
    office: OfficeSnapshot,
    typed: str,
    touch: UUID,
    refusal: DevicePaused | SecondAnswerNeeded,
) -> HttpResponse:
    if isinstance(refusal, DevicePaused):
        return redirect(
            outcome_screens.answer_address(
                outcome_screens.KioskAnswer("paused", seconds=refusal.params["seconds"])
            )
        )
    if isinstance(refusal, CodeNeeded):
        return redirect(outcome_screens.answer_address(outcome_screens.KioskAnswer("reception")))
    return _ask_second_answer(request, kiosk, office, typed, touch)


def _ask_second_answer(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot, typed: str, touch: UUID
) -> HttpResponse:
    """Also ask for three digits of the telephone; the booking's code may be typed instead."""
    second_answer = request.POST.get("second", "").strip()[:LONGEST_SECOND]
    key = request.POST.get("key", "")
    second_answer = (
        second_answer[:-1] if key == "back" else (second_answer + key[:1])[:LONGEST_SECOND]
    )
    context = {"typed": typed, "second": second_answer, "touch": touch, "keys": KEYS}
    context["without_phone"] = outcome_screens.answer_address(
        outcome_screens.KioskAnswer("no_telephone")
    )
    return render_screen(request, kiosk, office, "second", **context)


def _pause_left(kiosk: Device) -> int:
    """Seconds until the kiosk accepts PINs again; 0 if it does now."""
    seconds = (kiosk.paused_until - now()).total_seconds() if kiosk.paused_until else 0.0
    return max(0, ceil(seconds))
