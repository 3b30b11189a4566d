"""Choosing: the service, the number of people, the day and the time, which is then held."""

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

from prepazka.booking import links
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, State
from prepazka.booking.refusals import TermNotOffered, TermTaken, TooManyHolds
from prepazka.booking.terms import is_bookable, offered
from prepazka.booking.usecases import hold_term, note_contact
from prepazka.core import reading
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official, Service
from prepazka.reporting.departments import departments_of
from prepazka.surfaces.citizen import gone
from prepazka.surfaces.citizen.forms import PersonsForm
from prepazka.surfaces.citizen.officials import topics_url
from prepazka.surfaces.citizen.pages import (
    Wish,
    booking_of,
    day_or_none,
    full_calendar,
    instant_or_none,
    is_held,
    language,
    months,
    more_opens,
    nearest_choices,
    new_key,
    own_hold,
    page,
    parts_of_day,
    why_no_times,
)
from prepazka.web import cookies, proof
from prepazka.web.errors import mark_retry, sentence, status_of
from prepazka.web.incidents import notices
from prepazka.web.limits import HOLDS, asker_of, limit_booking
from prepazka.web.proof import ProofNotValid
from prepazka.web.shortcuts import now, of_office


@require_safe
@of_office
def services(request: HttpRequest, office: Directory) -> HttpResponse:
    """Which service: only those that can be booked."""
    instead_of = request.GET.get("misto", "")
    return page(
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
    """Give the view the service of the address, or say kindly that it is not booked (so)."""

    @wraps(view)
    def wrapped(request: HttpRequest, office: Directory, code: str, **more: str) -> HttpResponse:
        service = office.service_by_code(code)
        if service is None or not is_bookable(office, service):
            return gone.no_service(request, office, code)
        official = _official(request, office)
        if request.GET.get("urednik") and official not in office.officials_for(service.pk):
            return gone.other_official(request, office, service, official)
        return view(request, office, service, **more)

    return wrapped


@require_safe
@of_office
@of_service
def days(request: HttpRequest, office: Directory, service: Service) -> HttpResponse:
    """How many people, where that can be more than one; then which day."""
    most = office.rules_of(service).max_persons
    wish = _wish(request, office, service)
    if wish is None:
        return _persons(request, office, service, most)
    besides = _old_hold(request, wish)
    terms = offered(
        office=office,
        service=service,
        now=now(),
        persons=wish.persons,
        besides=besides.pk if besides else None,
        official=wish.official,
        mode=wish.mode or None,
    )
    return page(
        request,
        "days" if terms else "full",
        office,
        service=service,
        wish=wish,
        down=notices(office, [service]),
        months=months(terms, lambda day: _times_url(office, wish, day.isoformat())),
        full={} if terms else full_calendar(office, service, now()),
        modes=_modes(office, wish),
        more=_more_parts(office, service),
        wish_url=_wish_url(office, wish),
        back_url=_before_days(office, wish, most),
    )


@of_office
@of_service
def times(request: HttpRequest, office: Directory, service: Service, day: str) -> HttpResponse:
    """Which time of the day; a post holds it."""
    wanted = day_or_none(day)
    wish = _wish(request, office, service)
    if wanted is None:
        raise Http404(day)
    if wish is None:
        asking = Wish(service, official=_official(request, office))
        return HttpResponseRedirect(_days_url(office, service) + asking.query(persons=False))
    if request.method == "POST":
        return _hold(request, office, wish)
    besides = _old_hold(request, wish)
    terms = offered(
        office=office,
        service=service,
        now=now(),
        days=[wanted],
        persons=wish.persons,
        besides=besides.pk if besides else None,
        official=wish.official,
        mode=wish.mode or None,
    )
    return page(
        request,
        "times",
        office,
        service=service,
        wish=wish,
        down=notices(office, [service]),
        day=wanted,
        request_key=uuid4(),
        challenge=_challenge(request, office, wish),
        why="" if terms else why_no_times(office, service, wanted, now(), mode=wish.mode or None),
        two_in_a_row=_two_in_a_row(office, service),
        parts=parts_of_day(terms, with_officials=bool(office.officials_for(service.pk))),
        back_url=_days_url(office, service) + wish.query(),
    )


def _hold(request: HttpRequest, office: Directory, wish: Wish) -> HttpResponse:
    starts_at = instant_or_none(request.POST.get("starts_at", ""))
    old = _old_hold(request, wish)
    try:
        limit_booking(request, office.office, HOLDS, now=now())
        rules = office.rules_of(wish.service)
        proof.check(request, office, rules, request.POST.get("altcha", ""), now=now())
        if starts_at is None:
            raise TermNotOffered
        if old and _is_same(old, office, wish, starts_at):
            return _to_contact(old)
        # One form may be sent for several terms, by Back; each of them is a request of its own.
        key = uuid5(new_key(request.POST.get("request_key", "")), starts_at.isoformat())
        held = _hold_fresh(request, office, wish, starts_at, key, old)
        proof.note_hold(office, rules, now=now())
    except (TooManyHolds, ProofNotValid) as error:
        refused = page(
            request,
            "refused",
            office,
            status=status_of(error),
            text=sentence(error),
            back_url=request.get_full_path(),
        )
        return mark_retry(refused, error)
    except (TermTaken, TermNotOffered) as error:
        around = starts_at or now()
        return page(
            request,
            "taken",
            office,
            status=status_of(error),
            text=sentence(error),
            wish=wish,
            challenge=_challenge(request, office, wish),
            **nearest_choices(office, wish, around, now()),
        )
    # What was typed in this tab, which may stand at a hold that another tab has given up.
    filled_in = [one for one in (_named_hold(wish), old) if one]
    if filled_in:
        source = next((one for one in filled_in if one.name or one.email), filled_in[0])
        note_contact(
            booking=held.pk,
            name=source.name,
            email=source.email,
            phone=source.phone,
            topic=source.topic,
            now=now(),
        )
    return _to_contact(held)


def _hold_fresh(
    request: HttpRequest,
    office: Directory,
    wish: Wish,
    starts_at: datetime,
    key: UUID,
    old: Booking | None,
) -> Booking:
    """Hold the term; a repeat of the same post finds its hold, unless that has run out."""
    take = partial(
        hold_term,
        office=office,
        service=wish.service,
        starts_at=starts_at,
        now=now(),
        persons=wish.persons,
        language=language(),
        official=wish.official,
        mode=wish.mode or None,
        instead_of=old.pk if old else None,
        asker=asker_of(request, now=now()),
    )
    held = take(request_key=key)
    ran_out = held.state in {State.HELD, State.EXPIRED} and not is_held(held, now())
    return take(request_key=uuid4()) if ran_out else held


def _persons(request: HttpRequest, office: Directory, service: Service, most: int) -> HttpResponse:
    form = PersonsForm(
        request.GET if "osob" in request.GET or "dal" in request.GET else None, most=most
    )
    return page(
        request,
        "persons",
        office,
        status=422 if form.errors else 200,
        form=form,
        service=service,
        instead_of=request.GET.get("misto", ""),
        official=_official(request, office),
        back_url=reverse("citizen:services", args=[office.office.slug]),
    )


def _wish(request: HttpRequest, office: Directory, service: Service) -> Wish | None:
    """What the address says; None where the number of people must be asked first."""
    most = office.rules_of(service).max_persons
    said = request.GET.get("osob", "1" if most == 1 else "")
    persons = reading.whole(said, most)
    if not persons:
        return None
    instead_of = request.GET.get("misto", "")
    known = instead_of if booking_of(instead_of, "hold") else ""
    mode = request.GET.get("zpusob", "")
    mode = mode if mode in service.modes else ""
    return Wish(service, persons, known, _official(request, office), mode, asked=most > 1)


def _modes(office: Directory, wish: Wish) -> list[dict[str, Any]]:
    """Links to the terms of each way of meeting, where the service has more than one."""
    service = wish.service
    chosen = wish.mode or service.usual_mode
    return [
        {
            "text": capfirst(how_in_words(one)),
            "url": _days_url(office, service) + replace(wish, mode=one).query(),
            "chosen": one == chosen,
        }
        for one in service.modes
        if len(service.modes) > 1
    ]


def _official(request: HttpRequest, office: Directory) -> Official | None:
    """Whom the address names."""
    return office.official_by_code(request.GET.get("urednik", ""))


def _old_hold(request: HttpRequest, wish: Wish) -> Booking | None:
    """The hold that the new term replaces, while nothing was requested with it.

    Without one in the address it is the hold that this browser has for the same service: who comes
    with Back or from a second tab has one hold, and is not told that others have taken it.
    """
    named = _named_hold(wish)
    if named and is_held(named, now()):
        return named
    return own_hold(request, wish.service, now()) or named


def _named_hold(wish: Wish) -> Booking | None:
    """The hold that the address names, perhaps one that was given up since, in another tab."""
    named = booking_of(wish.instead_of, "hold") if wish.instead_of else None
    if named is None or named.requested_at or named.office_id != wish.service.office_id:
        return None
    return named


def _is_same(old: Booking, office: Directory, wish: Wish, starts_at: datetime) -> bool:
    return (
        is_held(old, now())
        and old.starts_at == starts_at
        and old.service_id == wish.service.pk
        and old.persons == wish.persons
        and old.mode == (wish.mode or wish.service.usual_mode)
        and (wish.official is None or official_of(office, old) == wish.official)
    )


def _to_contact(held: Booking) -> HttpResponse:
    token = links.sign(held.pk, "hold")
    answer = HttpResponseRedirect(reverse("citizen:contact", args=[token]))
    # Gone with the browser's session; it says no more than the address of the next page.
    cookies.write(answer, cookies.HOLD, token, kept=None, samesite="Lax")
    return answer


def _office_url(office: Directory) -> str:
    return reverse("citizen:office", args=[office.office.slug])


def _wish_url(office: Directory, wish: Wish) -> str:
    """Where to wait for a term that suits, if the agenda has a list."""
    if not office.rules_of(wish.service).waiting_list:
        return ""
    path = reverse("citizen:wish", args=[office.office.slug, wish.service.code])
    return path + replace(wish, instead_of="").query()


def _more_parts(office: Directory, service: Service) -> dict[str, Any]:
    """When the days on the page get more terms, where they open in parts."""
    rules = office.rules_of(service)
    return more_opens(office, service, now()) if rules.release_steps else {}


def _two_in_a_row(office: Directory, service: Service) -> int:
    """How many minutes a meeting takes, where who needs longer may book two; else 0."""
    rules = office.rules_of(service)
    several = rules.max_open_per_contact > 1 and bool(office.officials_for(service.pk))
    return service.duration_min if several and rules.kind == "slot" else 0


def _challenge(request: HttpRequest, office: Directory, wish: Wish) -> str:
    """The task for the browser, where the agenda asks for one now."""
    asked = proof.is_asked(request, office, office.rules_of(wish.service), now=now())
    return proof.challenge(now=now()) if asked else ""


def _days_url(office: Directory, service: Service) -> str:
    return reverse("citizen:days", args=[office.office.slug, service.code])


def _times_url(office: Directory, wish: Wish, day: str) -> str:
    path = reverse("citizen:times", args=[office.office.slug, wish.service.code, day])
    return path + wish.query()


def _before_days(office: Directory, wish: Wish, most: int) -> str:
    if most > 1:
        return _days_url(office, wish.service) + wish.query(persons=False)
    return (
        topics_url(office, wish.service, wish.official)
        + Wish(wish.service, instead_of=wish.instead_of).query()
    )
