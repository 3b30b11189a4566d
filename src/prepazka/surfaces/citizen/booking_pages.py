"""Pages behind e-mail links: confirm, view, move, cancel. A GET never changes anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from prepazka.booking import booking_links
from prepazka.booking.booking_lifecycle import cancel_booking, confirm_booking, move_booking
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import (
    BookingCancelled,
    ConfirmationTooLate,
    HoldExpired,
    SlotNotOffered,
    SlotTaken,
    TooManyBookings,
)
from prepazka.booking.slot_search import allows_mode, nearest_slots, search_slots
from prepazka.booking.transitions import is_cancelled
from prepazka.core import calendar
from prepazka.core.refusal import Refused
from prepazka.messaging.contexts import context_of
from prepazka.messaging.mail import calendar_file as calendar_of
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import TicketState
from prepazka.queueing.validity import pin_returns_until
from prepazka.surfaces.citizen import meeting_mode_pages
from prepazka.surfaces.citizen.page_frame import (
    Choice,
    Wish,
    day_or_none,
    days_by_month,
    full_calendar,
    instant_or_none,
    limit_in_words,
    nearest_choices,
    of_booking,
    parts_of_day,
    render_page,
    slot_in_words,
    why_no_times,
)
from prepazka.surfaces.citizen.waiting_list_pages import can_want_sooner, entry_of
from prepazka.web import missed_call_texts
from prepazka.web.errors import refusal_sentence, status_of
from prepazka.web.incident_banners import Notice, notices_of_incidents
from prepazka.web.shortcuts import now


@of_booking("confirm")
def confirm_page(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The page that confirms by a button, because mail scanners open links."""
    personal = reverse("citizen:booking", args=[booking_links.sign_token(booking.pk, "personal")])
    if booking.confirmed_at or is_cancelled(booking):
        return HttpResponseRedirect(personal)
    if request.method == "POST":
        return _confirm(request, booking, office) or HttpResponseRedirect(personal)
    if not _can_be_confirmed(booking, now()):
        return _too_late(request, booking, office, ConfirmationTooLate())
    return render_page(request, "confirm", office, **_facts(booking, office))


def _confirm(request: HttpRequest, booking: Booking, office: OfficeSnapshot) -> HttpResponse | None:
    """Confirm; the refusal's page, or None where the personal page shows the outcome."""
    try:
        confirm_booking(booking=booking.pk, now=now())
    except BookingCancelled:
        return None
    except (ConfirmationTooLate, HoldExpired) as error:
        return _too_late(request, booking, office, error)
    except TooManyBookings as error:
        text = limit_in_words(error, office, by_sms=not booking.email)
        return _refused(request, office, text, status_of(error))
    return None


@of_booking("personal")
def booking_page(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The personal page: the PIN while it is valid, then the outcome of the visit."""
    if booking.state == BookingState.DISPLACED and (
        offer := booking.offers.order_by("created_at").last()
    ):
        return HttpResponseRedirect(
            reverse("citizen:offer", args=[booking_links.sign_token(offer.pk, "offer")])
        )
    at = now()
    context = _facts(booking, office) | meeting_mode_pages.meeting_context(booking, office, at)
    expected = booking.state == BookingState.CONFIRMED and at < context["counts_until"]
    return render_page(
        request,
        "booking",
        office,
        token=token,
        **context,
        shown_facts=context["facts" if expected else "what_and_when"],
        expected=expected,
        changeable=_is_changeable(booking, at),
        over=booking.state == BookingState.CONFIRMED and not expected,
        moved="zmeneno" in request.GET and expected,
        **_visit_ticket(booking, office, at),
        down=_incident_notices(booking, office, at),
        days_url=_days_url(booking, office),
        other_modes=_is_changeable(booking, at) and _has_other_mode(booking, office),
        **_waiting_list_links(booking, office, token, expected=expected),
    )


def _visit_ticket(booking: Booking, office: OfficeSnapshot, at: datetime) -> dict[str, Any]:
    """The visit's ticket; after a no-show also `call`, the missed call in words, and `pin_until`.

    Until that instant the PIN returns the ticket to the queue.
    """
    ticket = getattr(booking, "ticket", None)
    if ticket is None or ticket.state != TicketState.NO_SHOW:
        return {"ticket": ticket}
    until = pin_returns_until(office, ticket)
    return {
        "ticket": ticket,
        "call": missed_call_texts.to_holder(ticket, office),
        "pin_until": until if until and until > at else None,
    }


def _incident_notices(booking: Booking, office: OfficeSnapshot, at: datetime) -> list[Notice]:
    """Notices of incidents that affect today's appointment."""
    today = booking.date == calendar.day_of(at, office.tz)
    return notices_of_incidents(office, [office.services[booking.service_id]]) if today else []


def _waiting_list_links(
    booking: Booking, office: OfficeSnapshot, token: str, *, expected: bool
) -> dict[str, Any]:
    """The link to the booking's waiting list entry, or to join the list for a sooner slot."""
    entry = entry_of(booking) if expected else None
    if entry:
        return {
            "waits_url": reverse(
                "citizen:waiting", args=[booking_links.sign_token(entry.pk, "list")]
            )
        }
    if expected and booking.starts_at > now() and can_want_sooner(booking, office):
        return {"sooner_url": reverse("citizen:sooner", args=[token])}
    return {}


@of_booking("personal")
def calendar_file(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The appointment as an iCalendar file."""
    if booking.state == BookingState.UNCONFIRMED:
        raise Http404(token)
    content = calendar_of(booking, office, now=now())
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="termin.ics"',
        },
    )


@of_booking("personal")
def cancel_page(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The page that cancels by a button, then redirects to the personal page."""
    personal = reverse("citizen:booking", args=[token])
    if request.method == "POST":
        try:
            cancel_booking(booking=booking.pk, now=now())
        except Refused as error:
            return _refused(request, office, refusal_sentence(error), status_of(error), personal)
    elif _is_changeable(booking, now()):
        return render_page(request, "cancel", office, back_url=personal, **_facts(booking, office))
    return HttpResponseRedirect(personal)


@of_booking("personal")
def move_days(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The days to move to; a post with a slot moves the booking."""
    if not _is_changeable(booking, now()):
        return HttpResponseRedirect(reverse("citizen:booking", args=[token]))
    if request.method == "POST":
        return _move(request, booking, office, token)
    slots = search_slots(
        office=office,
        service=booking.service,
        now=now(),
        persons=booking.persons,
        besides=booking.pk,
        official=official_of(office, booking),
        mode=booking.mode,
    )
    slots = [t for t in slots if t.starts_at != booking.starts_at]
    return render_page(
        request,
        "days" if slots else "full",
        office,
        moving=True,
        months=days_by_month(
            slots, lambda day: reverse("citizen:move_times", args=[token, day.isoformat()])
        ),
        full={} if slots else full_calendar(office, booking.service, now()),
        back_url=reverse("citizen:booking", args=[token]),
        **_facts(booking, office),
    )


@of_booking("personal")
def move_times(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str, day: str
) -> HttpResponse:
    """The slots of a day to move to; the next page asks for confirmation."""
    chosen_day = day_or_none(day)
    if chosen_day is None:
        raise Http404(day)
    if not _is_changeable(booking, now()):
        return HttpResponseRedirect(reverse("citizen:booking", args=[token]))
    slots = search_slots(
        office=office,
        service=booking.service,
        now=now(),
        days=[chosen_day],
        persons=booking.persons,
        besides=booking.pk,
        official=official_of(office, booking),
        mode=booking.mode,
    )
    return render_page(
        request,
        "times",
        office,
        moving=True,
        day=chosen_day,
        parts=parts_of_day(
            [t for t in slots if t.starts_at != booking.starts_at],
            with_officials=official_of(office, booking) is not None,
        ),
        why=why_no_times(office, booking.service, chosen_day, now(), mode=booking.mode),
        action=reverse("citizen:move", args=[token]),
        request_key=uuid4(),
        back_url=reverse("citizen:move", args=[token]),
        **_facts(booking, office),
    )


def _move(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    starts_at = instant_or_none(request.POST.get("starts_at", ""))
    try:
        if starts_at is None:
            raise SlotNotOffered
        if "sure" not in request.POST:
            return _confirm_move(request, booking, office, token, starts_at)
        move_booking(booking=booking.pk, starts_at=starts_at, now=now())
    except (SlotTaken, SlotNotOffered) as error:
        alternatives = nearest_slots(
            office=office,
            service=booking.service,
            starts_at=starts_at or booking.starts_at,
            now=now(),
            persons=booking.persons,
            official=official_of(office, booking),
            mode=booking.mode,
        )
        return render_page(
            request,
            "taken",
            office,
            status=status_of(error),
            text=refusal_sentence(error),
            moving=True,
            hold_url=reverse("citizen:move", args=[token]),
            request_key=uuid4(),
            others=[Choice(slot_in_words(t), value=t.starts_at.isoformat()) for t in alternatives],
            days_url=reverse("citizen:move", args=[token]),
        )
    except Refused as error:
        back_url = reverse("citizen:booking", args=[token])
        return _refused(request, office, refusal_sentence(error), status_of(error), back_url)
    return HttpResponseRedirect(reverse("citizen:booking", args=[token]) + "?zmeneno=1")


def _confirm_move(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str, starts_at: datetime
) -> HttpResponse:
    day = calendar.day_of(starts_at, office.tz)
    slots = search_slots(
        office=office,
        service=booking.service,
        now=now(),
        days=[day],
        persons=booking.persons,
        besides=booking.pk,
        official=official_of(office, booking),
        mode=booking.mode,
    )
    new_slot = next((t for t in slots if t.starts_at == starts_at), None)
    if new_slot is None:
        raise SlotTaken
    return render_page(
        request,
        "move",
        office,
        new_when=slot_in_words(new_slot),
        starts_at=starts_at.isoformat(),
        action=reverse("citizen:move", args=[token]),
        back_url=reverse("citizen:move_times", args=[token, day.isoformat()]),
        **_facts(booking, office),
    )


def _too_late(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, error: Refused
) -> HttpResponse:
    max_persons = office.rules_of(booking.service).max_persons
    official = official_of(office, booking)
    mode = booking.mode if len(booking.service.modes) > 1 else ""
    wish = Wish(
        booking.service, booking.persons, official=official, mode=mode, asked=max_persons > 1
    )
    return render_page(
        request,
        "taken",
        office,
        status=status_of(error),
        text=refusal_sentence(error),
        **nearest_choices(office, wish, booking.starts_at, now()),
    )


def _refused(
    request: HttpRequest, office: OfficeSnapshot, text: str, status: int, back_url: str = ""
) -> HttpResponse:
    return render_page(request, "refused", office, status=status, text=text, back_url=back_url)


def _facts(booking: Booking, office: OfficeSnapshot) -> dict[str, Any]:
    """The booking's facts as in messages, without the office, which the page frame shows."""
    context = context_of(booking, office, now=now())
    return {key: value for key, value in context.items() if key != "office"}


def _can_be_confirmed(booking: Booking, at: datetime) -> bool:
    return (
        booking.state == BookingState.UNCONFIRMED
        and bool(booking.expires_at and booking.expires_at > at)
        and booking.starts_at > at
    )


def _is_changeable(booking: Booking, at: datetime) -> bool:
    if booking.state == BookingState.UNCONFIRMED and not _can_be_confirmed(booking, at):
        return False
    return (
        booking.state in {BookingState.CONFIRMED, BookingState.UNCONFIRMED}
        and booking.starts_at > at
    )


def _has_other_mode(booking: Booking, office: OfficeSnapshot) -> bool:
    return any(
        allows_mode(office, booking, mode) for mode in booking.service.modes if mode != booking.mode
    )


def _days_url(booking: Booking, office: OfficeSnapshot) -> str:
    code = office.services[booking.service_id].code
    return reverse("citizen:days", args=[office.slug, code])
