"""Choosing a service, number of people, day and time; a post holds the slot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial, wraps
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from prepazka.booking import booking_links
from prepazka.booking.booking_lifecycle import hold_slot, note_contact
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import SlotNotOffered, SlotTaken, TooManyHolds
from prepazka.booking.slot_search import is_bookable, search_slots
from prepazka.core import reading
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.departments import departments_of
from prepazka.surfaces.citizen import gone_pages
from prepazka.surfaces.citizen.forms import PersonsForm
from prepazka.surfaces.citizen.official_pages import topics_url
from prepazka.surfaces.citizen.page_frame import (
    Wish,
    booking_of,
    day_or_none,
    days_by_month,
    full_calendar,
    instant_or_none,
    is_held,
    language,
    more_opens,
    nearest_choices,
    new_key,
    own_hold,
    parts_of_day,
    render_page,
    why_no_times,
)
from prepazka.web import cookies, proof
from prepazka.web.errors import mark_retry, refusal_sentence, status_of
from prepazka.web.incident_banners import notices_of_incidents
from prepazka.web.limits import HOLDS, asker_of, limit_booking
from prepazka.web.proof import ProofNotValid
from prepazka.web.shortcuts import now, of_office


@require_safe
@of_office
def services_page(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The list of services that can be booked."""
    instead_of = request.GET.get("misto", "")
    return render_page(
        request,
        "services",
        office,
        query=f"?misto={instead_of}" if booking_of(instead_of, "hold") else "",
        departments=departments_of(office),
        services=[
            s
            for s in office.offered_services()
            if is_bookable(office, s) and not office.officials_for(s.pk)
        ],
        back_url=_office_url(office),
    )


def of_service(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pass the service of the address to the view, or answer with a page why it is not booked."""

    @wraps(view)
    def wrapped(
        request: HttpRequest, office: OfficeSnapshot, code: str, **kwargs: str
    ) -> HttpResponse:
        service = office.service_by_code(code)
        if service is None or not is_bookable(office, service):
            return gone_pages.no_service(request, office, code)
        official = _official(request, office)
        if request.GET.get("urednik") and official not in office.officials_for(service.pk):
            return gone_pages.other_official(request, office, service, official)
        return view(request, office, service, **kwargs)

    return wrapped


@require_safe
@of_office
@of_service
def days_page(request: HttpRequest, office: OfficeSnapshot, service: Service) -> HttpResponse:
    """The number of people, where more than one is allowed; then the days with free slots."""
    max_persons = office.rules_of(service).max_persons
    wish = _wish(request, office, service)
    if wish is None:
        return _persons(request, office, service, max_persons)
    replaced = _previous_hold(request, wish)
    slots = search_slots(
        office=office,
        service=service,
        now=now(),
        persons=wish.persons,
        besides=replaced.pk if replaced else None,
        official=wish.official,
        mode=wish.mode or None,
    )
    return render_page(
        request,
        "days" if slots else "full",
        office,
        service=service,
        wish=wish,
        down=notices_of_incidents(office, [service]),
        months=days_by_month(slots, lambda day: _times_url(office, wish, day.isoformat())),
        full={} if slots else full_calendar(office, service, now()),
        modes=_mode_links(office, wish),
        more=_next_release(office, service),
        wish_url=_wish_url(office, wish),
        back_url=_back_from_days(office, wish, max_persons),
    )


@of_office
@of_service
def times_page(
    request: HttpRequest, office: OfficeSnapshot, service: Service, day: str
) -> HttpResponse:
    """The slots of a day; a post holds one."""
    chosen_day = day_or_none(day)
    wish = _wish(request, office, service)
    if chosen_day is None:
        raise Http404(day)
    if wish is None:
        asking = Wish(service, official=_official(request, office))
        return HttpResponseRedirect(_days_url(office, service) + asking.query(persons=False))
    if request.method == "POST":
        return _hold(request, office, wish)
    replaced = _previous_hold(request, wish)
    slots = search_slots(
        office=office,
        service=service,
        now=now(),
        days=[chosen_day],
        persons=wish.persons,
        besides=replaced.pk if replaced else None,
        official=wish.official,
        mode=wish.mode or None,
    )
    return render_page(
        request,
        "times",
        office,
        service=service,
        wish=wish,
        down=notices_of_incidents(office, [service]),
        day=chosen_day,
        request_key=uuid4(),
        challenge=_challenge(request, office, wish),
        why=""
        if slots
        else why_no_times(office, service, chosen_day, now(), mode=wish.mode or None),
        two_in_a_row=_two_in_a_row(office, service),
        parts=parts_of_day(slots, with_officials=bool(office.officials_for(service.pk))),
        back_url=_days_url(office, service) + wish.query(),
    )


def _hold(request: HttpRequest, office: OfficeSnapshot, wish: Wish) -> HttpResponse:
    starts_at = instant_or_none(request.POST.get("starts_at", ""))
    previous_hold = _previous_hold(request, wish)
    try:
        limit_booking(request, office.row, HOLDS, now=now())
        rules = office.rules_of(wish.service)
        proof.check_proof(request, office, rules, request.POST.get("altcha", ""), now=now())
        if starts_at is None:
            raise SlotNotOffered
        if previous_hold and _is_same(previous_hold, office, wish, starts_at):
            return _to_contact(previous_hold)
        # With Back, one form can be sent for several slots, so each slot has a key of its own.
        key = uuid5(new_key(request.POST.get("request_key", "")), starts_at.isoformat())
        held = _hold_fresh(request, office, wish, starts_at, key, previous_hold)
        proof.note_hold(office, rules, now=now())
    except (TooManyHolds, ProofNotValid) as error:
        refused = render_page(
            request,
            "refused",
            office,
            status=status_of(error),
            text=refusal_sentence(error),
            back_url=request.get_full_path(),
        )
        return mark_retry(refused, error)
    except (SlotTaken, SlotNotOffered) as error:
        around = starts_at or now()
        return render_page(
            request,
            "taken",
            office,
            status=status_of(error),
            text=refusal_sentence(error),
            wish=wish,
            challenge=_challenge(request, office, wish),
            **nearest_choices(office, wish, around, now()),
        )
    # The answers typed in this tab may be stored with a hold that another tab has released.
    filled_in = [h for h in (_named_hold(wish), previous_hold) if h]
    if filled_in:
        source = next((h for h in filled_in if h.name or h.email), filled_in[0])
        note_contact(booking=held.pk, contact=source.contact, topic=source.topic, now=now())
    return _to_contact(held)


def _hold_fresh(
    request: HttpRequest,
    office: OfficeSnapshot,
    wish: Wish,
    starts_at: datetime,
    key: UUID,
    previous_hold: Booking | None,
) -> Booking:
    """Hold the slot; a repeated post returns its first hold, or a new one if that has expired."""
    take = partial(
        hold_slot,
        office=office,
        service=wish.service,
        starts_at=starts_at,
        now=now(),
        persons=wish.persons,
        language=language(),
        official=wish.official,
        mode=wish.mode or None,
        instead_of=previous_hold.pk if previous_hold else None,
        asker=asker_of(request, now=now()),
    )
    held = take(request_key=key)
    ran_out = held.state in {BookingState.HELD, BookingState.EXPIRED} and not is_held(held, now())
    return take(request_key=uuid4()) if ran_out else held


def _persons(
    request: HttpRequest, office: OfficeSnapshot, service: Service, max_persons: int
) -> HttpResponse:
    form = PersonsForm(
        request.GET if "osob" in request.GET or "dal" in request.GET else None,
        max_persons=max_persons,
    )
    return render_page(
        request,
        "persons",
        office,
        status=422 if form.errors else 200,
        form=form,
        service=service,
        instead_of=request.GET.get("misto", ""),
        official=_official(request, office),
        back_url=reverse("citizen:services", args=[office.slug]),
    )


def _wish(request: HttpRequest, office: OfficeSnapshot, service: Service) -> Wish | None:
    """The choices in the query string; None if the number of people must be asked first."""
    max_persons = office.rules_of(service).max_persons
    persons_text = request.GET.get("osob", "1" if max_persons == 1 else "")
    persons = reading.read_whole_number(persons_text, max_persons)
    if not persons:
        return None
    instead_of = request.GET.get("misto", "")
    replaced_token = instead_of if booking_of(instead_of, "hold") else ""
    mode = request.GET.get("zpusob", "")
    mode = mode if mode in service.modes else ""
    return Wish(
        service, persons, replaced_token, _official(request, office), mode, asked=max_persons > 1
    )


def _mode_links(office: OfficeSnapshot, wish: Wish) -> list[dict[str, Any]]:
    """Links to the slots of each mode of meeting, where the service has more than one."""
    service = wish.service
    chosen = wish.mode or service.usual_mode
    return [
        {
            "text": capfirst(how_in_words(mode)),
            "url": _days_url(office, service) + replace(wish, mode=mode).query(),
            "chosen": mode == chosen,
        }
        for mode in service.modes
        if len(service.modes) > 1
    ]


def _official(request: HttpRequest, office: OfficeSnapshot) -> Official | None:
    """The official named in the query string."""
    return office.official_by_code(request.GET.get("urednik", ""))


def _previous_hold(request: HttpRequest, wish: Wish) -> Booking | None:
    """The hold that the new slot replaces, unless it was already requested.

    Without one in the address it is this browser's hold for the same service, so that Back or a
    second tab does not leave a second hold or report the slot as taken by somebody else.
    """
    named = _named_hold(wish)
    if named and is_held(named, now()):
        return named
    return own_hold(request, wish.service, now()) or named


def _named_hold(wish: Wish) -> Booking | None:
    """The hold named in the query string; it may have been released since, in another tab."""
    named = booking_of(wish.instead_of, "hold") if wish.instead_of else None
    if named is None or named.requested_at or named.office_id != wish.service.office_id:
        return None
    return named


def _is_same(hold: Booking, office: OfficeSnapshot, wish: Wish, starts_at: datetime) -> bool:
    return (
        is_held(hold, now())
        and hold.starts_at == starts_at
        and hold.service_id == wish.service.pk
        and hold.persons == wish.persons
        and hold.mode == (wish.mode or wish.service.usual_mode)
        and (wish.official is None or official_of(office, hold) == wish.official)
    )


def _to_contact(held: Booking) -> HttpResponse:
    token = booking_links.sign_token(held.pk, "hold")
    response = HttpResponseRedirect(reverse("citizen:contact", args=[token]))
    # A session cookie; it holds the same token as the address of the next page.
    cookies.write_cookie(response, cookies.HOLD, token, max_age=None, samesite="Lax")
    return response


def _office_url(office: OfficeSnapshot) -> str:
    return reverse("citizen:office", args=[office.slug])


def _wish_url(office: OfficeSnapshot, wish: Wish) -> str:
    """The address of the waiting list form, or an empty string if the agenda has none."""
    if not office.rules_of(wish.service).waiting_list:
        return ""
    path = reverse("citizen:wish", args=[office.slug, wish.service.code])
    return path + replace(wish, instead_of="").query()


def _next_release(office: OfficeSnapshot, service: Service) -> dict[str, Any]:
    """The next release of slots, where the agenda releases them in steps; else {}."""
    rules = office.rules_of(service)
    return more_opens(office, service, now()) if rules.release_steps else {}


def _two_in_a_row(office: OfficeSnapshot, service: Service) -> int:
    """Minutes of one appointment where a person may book two in a row for more time; else 0."""
    rules = office.rules_of(service)
    several = rules.max_open_per_contact > 1 and bool(office.officials_for(service.pk))
    return service.duration_min if several and rules.kind == "slot" else 0


def _challenge(request: HttpRequest, office: OfficeSnapshot, wish: Wish) -> str:
    """The proof-of-work challenge for the browser, or an empty string if none is required now."""
    required = proof.is_asked(request, office, office.rules_of(wish.service), now=now())
    return proof.signed_challenge(now=now()) if required else ""


def _days_url(office: OfficeSnapshot, service: Service) -> str:
    return reverse("citizen:days", args=[office.slug, service.code])


def _times_url(office: OfficeSnapshot, wish: Wish, day: str) -> str:
    path = reverse("citizen:times", args=[office.slug, wish.service.code, day])
    return path + wish.query()


def _back_from_days(office: OfficeSnapshot, wish: Wish, max_persons: int) -> str:
    if max_persons > 1:
        return _days_url(office, wish.service) + wish.query(persons=False)
    return (
        topics_url(office, wish.service, wish.official)
        + Wish(wish.service, instead_of=wish.instead_of).query()
    )
