"""Links from the mails: confirm, look, move, cancel. Getting a page never changes anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from prepazka.booking import links
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, State
from prepazka.booking.parts import is_cancelled
from prepazka.booking.refusals import (
    BookingCancelled,
    ConfirmationTooLate,
    HoldExpired,
    TermNotOffered,
    TermTaken,
    TooManyBookings,
)
from prepazka.booking.terms import allows, nearest, offered
from prepazka.booking.usecases import cancel_booking, confirm_booking, move_booking
from prepazka.core import calendar
from prepazka.core.refusal import Refused
from prepazka.messaging.contexts import context_of
from prepazka.messaging.mail import calendar_file as calendar_of
from prepazka.offices.directory import Directory
from prepazka.queueing.models import State as TicketState
from prepazka.queueing.validity import pin_returns_until
from prepazka.surfaces.citizen import meeting
from prepazka.surfaces.citizen.pages import (
    Choice,
    Wish,
    day_or_none,
    full_calendar,
    instant_or_none,
    limit_in_words,
    months,
    nearest_choices,
    of_booking,
    page,
    parts_of_day,
    when,
    why_no_times,
)
from prepazka.surfaces.citizen.waiting import can_want_sooner, entry_of
from prepazka.web import missed
from prepazka.web.errors import sentence, status_of
from prepazka.web.incidents import Notice, notices
from prepazka.web.shortcuts import now


@of_booking("confirm")
def confirm(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    """The link of the first mail: a page with one button, so that no mail scanner confirms."""
    personal = reverse("citizen:booking", args=[links.sign(found.pk, "personal")])
    if found.confirmed_at or is_cancelled(found):
        return HttpResponseRedirect(personal)
    if request.method == "POST":
        return _confirm(request, found, office) or HttpResponseRedirect(personal)
    if not _can_be_confirmed(found, now()):
        return _too_late(request, found, office, ConfirmationTooLate())
    return page(request, "confirm", office, **_facts(found, office))


def _confirm(request: HttpRequest, found: Booking, office: Directory) -> HttpResponse | None:
    """Confirm; the page that says why it was refused, None where the personal page says all."""
    try:
        confirm_booking(booking=found.pk, now=now())
    except BookingCancelled:
        return None
    except (ConfirmationTooLate, HoldExpired) as error:
        return _too_late(request, found, office, error)
    except TooManyBookings as error:
        text = limit_in_words(error, office, by_sms=not found.email)
        return _refused(request, office, text, status_of(error))
    return None


@of_booking("personal")
def booking(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    """The personal page: the PIN while it counts, and what became of the visit."""
    if found.state == State.DISPLACED and (made := found.offers.order_by("created_at").last()):
        return HttpResponseRedirect(reverse("citizen:offer", args=[links.sign(made.pk, "offer")]))
    at = now()
    context = _facts(found, office) | meeting.shown(found, office, at)
    expected = found.state == State.CONFIRMED and at < context["counts_until"]
    return page(
        request,
        "booking",
        office,
        token=token,
        **context,
        expected=expected,
        changeable=_is_changeable(found, at),
        over=found.state == State.CONFIRMED and not expected,
        moved="zmeneno" in request.GET and expected,
        **_visit(found, office, at),
        down=_down(found, office, at),
        days_url=_days_url(found, office),
        other_modes=_is_changeable(found, at) and _has_other_mode(found, office),
        **_sooner(found, office, token, expected=expected),
    )


def _visit(found: Booking, office: Directory, at: datetime) -> dict[str, Any]:
    """The ticket of the visit; `call` says that it was called in vain, and `pin_until` what helps."""
    ticket = getattr(found, "ticket", None)
    if ticket is None or ticket.state != TicketState.NO_SHOW:
        return {"ticket": ticket}
    until = pin_returns_until(office, ticket)
    return {
        "ticket": ticket,
        "call": missed.to_holder(ticket, office),
        "pin_until": until if until and until > at else None,
    }


def _down(found: Booking, office: Directory, at: datetime) -> list[Notice]:
    """What the visit of today needs and is down."""
    today = found.date == calendar.day_of(at, office.tz)
    return notices(office, [office.services[found.service_id]]) if today else []


def _sooner(found: Booking, office: Directory, token: str, *, expected: bool) -> dict[str, Any]:
    """The way to the waiting list for a sooner term, or to the place on it."""
    entry = entry_of(found) if expected else None
    if entry:
        return {"waits_url": reverse("citizen:waiting", args=[links.sign(entry.pk, "list")])}
    if expected and found.starts_at > now() and can_want_sooner(found, office):
        return {"sooner_url": reverse("citizen:sooner", args=[token])}
    return {}


@of_booking("personal")
def calendar_file(
    request: HttpRequest, found: Booking, office: Directory, token: str
) -> HttpResponse:
    """The term for the person's calendar."""
    if found.state == State.UNCONFIRMED:
        raise Http404(token)
    content = calendar_of(found, office, now=now())
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="termin.ics"',
        },
    )


@of_booking("personal")
def cancel(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    """Cancel by one button; then the personal page says that it is done."""
    personal = reverse("citizen:booking", args=[token])
    if request.method == "POST":
        try:
            cancel_booking(booking=found.pk, now=now())
        except Refused as error:
            return _refused(request, office, sentence(error), status_of(error), personal)
    elif _is_changeable(found, now()):
        return page(request, "cancel", office, back_url=personal, **_facts(found, office))
    return HttpResponseRedirect(personal)


@of_booking("personal")
def move(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    """Which other day; a post with a term moves the booking there."""
    if not _is_changeable(found, now()):
        return HttpResponseRedirect(reverse("citizen:booking", args=[token]))
    if request.method == "POST":
        return _move(request, found, office, token)
    terms = offered(
        office=office,
        service=found.service,
        now=now(),
        persons=found.persons,
        besides=found.pk,
        official=official_of(office, found),
        mode=found.mode,
    )
    terms = [t for t in terms if t.starts_at != found.starts_at]
    return page(
        request,
        "days" if terms else "full",
        office,
        moving=True,
        months=months(
            terms, lambda day: reverse("citizen:move_times", args=[token, day.isoformat()])
        ),
        full={} if terms else full_calendar(office, found.service, now()),
        back_url=reverse("citizen:booking", args=[token]),
        **_facts(found, office),
    )


@of_booking("personal")
def move_times(
    request: HttpRequest, found: Booking, office: Directory, token: str, day: str
) -> HttpResponse:
    """Which time of that day; the next page asks once more."""
    wanted = day_or_none(day)
    if wanted is None:
        raise Http404(day)
    if not _is_changeable(found, now()):
        return HttpResponseRedirect(reverse("citizen:booking", args=[token]))
    terms = offered(
        office=office,
        service=found.service,
        now=now(),
        days=[wanted],
        persons=found.persons,
        besides=found.pk,
        official=official_of(office, found),
        mode=found.mode,
    )
    return page(
        request,
        "times",
        office,
        moving=True,
        day=wanted,
        parts=parts_of_day(
            [t for t in terms if t.starts_at != found.starts_at],
            with_officials=official_of(office, found) is not None,
        ),
        why=why_no_times(office, found.service, wanted, now(), mode=found.mode),
        action=reverse("citizen:move", args=[token]),
        request_key=uuid4(),
        back_url=reverse("citizen:move", args=[token]),
        **_facts(found, office),
    )


def _move(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    starts_at = instant_or_none(request.POST.get("starts_at", ""))
    try:
        if starts_at is None:
            raise TermNotOffered
        if "sure" not in request.POST:
            return _ask_once_more(request, found, office, token, starts_at)
        move_booking(booking=found.pk, starts_at=starts_at, now=now())
    except (TermTaken, TermNotOffered) as error:
        others = nearest(
            office=office,
            service=found.service,
            starts_at=starts_at or found.starts_at,
            now=now(),
            persons=found.persons,
            official=official_of(office, found),
            mode=found.mode,
        )
        return page(
            request,
            "taken",
            office,
            status=status_of(error),
            text=sentence(error),
            moving=True,
            hold_url=reverse("citizen:move", args=[token]),
            request_key=uuid4(),
            others=[Choice(when(t), value=t.starts_at.isoformat()) for t in others],
            days_url=reverse("citizen:move", args=[token]),
        )
    except Refused as error:
        back_url = reverse("citizen:booking", args=[token])
        return _refused(request, office, sentence(error), status_of(error), back_url)
    return HttpResponseRedirect(reverse("citizen:booking", args=[token]) + "?zmeneno=1")


def _ask_once_more(
    request: HttpRequest, found: Booking, office: Directory, token: str, starts_at: datetime
) -> HttpResponse:
    day = calendar.day_of(starts_at, office.tz)
    terms = offered(
        office=office,
        service=found.service,
        now=now(),
        days=[day],
        persons=found.persons,
        besides=found.pk,
        official=official_of(office, found),
        mode=found.mode,
    )
    new = next((t for t in terms if t.starts_at == starts_at), None)
    if new is None:
        raise TermTaken
    return page(
        request,
        "move",
        office,
        new_when=when(new),
        starts_at=starts_at.isoformat(),
        action=reverse("citizen:move", args=[token]),
        back_url=reverse("citizen:move_times", args=[token, day.isoformat()]),
        **_facts(found, office),
    )


def _too_late(
    request: HttpRequest, found: Booking, office: Directory, error: Refused
) -> HttpResponse:
    most = office.rules_of(found.service).max_persons
    official = official_of(office, found)
    mode = found.mode if len(found.service.modes) > 1 else ""
    wish = Wish(found.service, found.persons, official=official, mode=mode, asked=most > 1)
    return page(
        request,
        "taken",
        office,
        status=status_of(error),
        text=sentence(error),
        **nearest_choices(office, wish, found.starts_at, now()),
    )


def _refused(
    request: HttpRequest, office: Directory, text: str, status: int, back_url: str = ""
) -> HttpResponse:
    return page(request, "refused", office, status=status, text=text, back_url=back_url)


def _facts(found: Booking, office: Directory) -> dict[str, Any]:
    """As in the mails; the frame of the page says the office itself."""
    context = context_of(found, office, now=now())
    return {key: value for key, value in context.items() if key != "office"}


def _can_be_confirmed(found: Booking, at: datetime) -> bool:
    return (
        found.state == State.UNCONFIRMED
        and bool(found.expires_at and found.expires_at > at)
        and found.starts_at > at
    )


def _is_changeable(found: Booking, at: datetime) -> bool:
    if found.state == State.UNCONFIRMED and not _can_be_confirmed(found, at):
        return False
    return found.state in {State.CONFIRMED, State.UNCONFIRMED} and found.starts_at > at


def _has_other_mode(found: Booking, office: Directory) -> bool:
    return any(allows(office, found, mode) for mode in found.service.modes if mode != found.mode)


def _days_url(found: Booking, office: Directory) -> str:
    code = office.services[found.service_id].code
    return reverse("citizen:days", args=[office.office.slug, code])
