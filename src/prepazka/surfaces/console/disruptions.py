"""An absence, a closure, an incident: first the people it touches, then one decision for each."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking.disruptions import UNDO_WITHIN, disrupt, undo_disruption
from prepazka.booking.impact import Choice, Decision, Impact, Row, impact_of, official_on
from prepazka.booking.models import Booking, CallListEntry, Disruption, Offer
from prepazka.booking.refusals import ImpactChanged, NoSuchLane, UndoTooLate
from prepazka.core import reading
from prepazka.core.calendar import DayException
from prepazka.core.refusal import Refused
from prepazka.looks import typography
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, HoursException, Membership, Official, Role
from prepazka.surfaces.console.forms import DisruptionForm, Reasons, fields_of
from prepazka.surfaces.console.words import days_in_words, times_in_words
from prepazka.web import readings, staff
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

EVERYBODY = tuple(Role)
Kind = HoursException.Kind


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """What changes and when; then the impact; then it is done."""
    if request.method == "GET":
        _must_be_allowed(office, member, "office")
    form = DisruptionForm(request.POST or None, choices=_scopes(office, member))
    if request.method == "POST" and form.is_valid():
        what = form.cleaned_data["what"]
        _must_be_allowed(office, member, what)
        reasons = form.reasons()
        if "apply" not in request.POST:
            return impact_page(request, office, member, what, form.days(), reasons)
        return _do(request, office, member, what, form.days(), reasons)
    return render(
        request,
        "console/disrupt.html",
        {"office": office.office, "member": member, "form": form},
    )


@staff_only(*EVERYBODY)
@require_GET
def result(
    request: HttpRequest, office: Directory, member: Membership, disruption: int
) -> HttpResponse:
    """What was done, how far the answers are, and the way back within the hour."""
    found = _found(office, member, disruption)
    rows = list(found.bookings.select_related("booking").order_by("was_starts_at", "pk"))
    ids = [one.booking_id for one in rows]
    if rows:
        readings.note_list(member, "disruption", now=now())
    undo_until = found.created_at + UNDO_WITHIN
    left = int((undo_until - now()).total_seconds())
    return render(
        request,
        "console/disruption.html",
        {
            "office": office.office,
            "member": member,
            "found": found,
            "rows": [(one, _outcome(office, one.booking, one.decision)) for one in rows],
            "tally": Tally(one.decision for one in rows),
            "open": Offer.objects.filter(booking__in=ids, state=Offer.State.OPEN).count(),
            "calls": CallListEntry.objects.filter(booking__in=ids, closed_at=None).count(),
            "undo_until": undo_until if not found.undone_at and left >= 0 else None,
            "seconds": left,
            "minutes": max(1, left // 60),
        },
    )


@staff_only(*EVERYBODY)
@require_POST
def undo(
    request: HttpRequest, office: Directory, member: Membership, disruption: int
) -> HttpResponse:
    """Take it back: whoever has not answered yet has the old term again."""
    found = _found(office, member, disruption)
    try:
        many = undo_disruption(disruption=found.pk, now=now(), actor=member.user_id)
    except UndoTooLate as refusal:
        messages.error(request, sentence(refusal))
    else:
        messages.success(
            request,
            ngettext(
                "Undone; %(n)s person has the original appointment again.",
                "Undone; %(n)s people have their original appointments again.",
                many,
            )
            % {"n": many},
        )
    return redirect("console:disruption", office.office.slug, found.pk)


def impact_page(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    what: str,
    days: DayException,
    reasons: Reasons,
    *,
    refusal: Refused | None = None,
) -> HttpResponse:
    """The people who would lose their term, with a proposal for each; nothing is changed yet."""
    found = impact_of(
        office=office, exceptions=exceptions_of(office, what, days, reasons), now=now()
    )
    if found.rows:
        readings.note_list(member, "disruption", now=now())
    said = fields_of(days) | {"what": what} | asdict(reasons)
    return render(
        request,
        "console/impact.html",
        {
            "office": office.office,
            "member": member,
            "what": dict(_scopes(office, member)).get(what, ""),
            "said": list(said.items()),
            "days": days_in_words(days),
            "times": times_in_words(days),
            "rows": [_row(found, one) for one in found.rows],
            "colleagues": [
                (one, official_on(office, one.lane_id), meeting_of(office, one))
                for one in found.companions
            ],
            "token": found.token,
            "tally": Tally(one.decision for one in found.rows),
            "error": sentence(refusal) if refusal else "",
        },
        status=409 if refusal else 200,
    )


def meeting_of(office: Directory, companion: Booking) -> Official | None:
    """Who leads the meeting to which a colleague was to come."""
    meeting = companion.companion_of
    return official_on(office, meeting.lane_id) if meeting else None


def exceptions_of(
    office: Directory, what: str, days: DayException, reasons: Reasons
) -> list[HoursException]:
    """The rows that say it; a closed counter also leaves fewer places to the agendas it serves.

    Why the office, an agenda or a service is closed is public; of an official and a counter the row
    has the reason for the staff.
    """
    kind, _colon, code = what.partition(":")
    if kind == "counter":
        text = _in_czech(reasons.reason)
        return _without_counter(office, _named(office.counters, code), days, text)
    text = _in_czech(reasons.reason if kind == "official" else reasons.public_reason)
    scopes: dict[str, Any] = {
        "agenda": office.agendas,
        "service": office.services,
        "official": office.officials,
    }
    scope = {kind: _named(scopes[kind], code)} if kind in scopes else {}
    return [HoursException(office=office.office, reason=text, **scope, **asdict(days))]


def _in_czech(text: str) -> dict[str, str]:
    return {"cs": text} if text else {}


def _without_counter(
    office: Directory, counter: Counter, days: DayException, reason: dict[str, str]
) -> list[HoursException]:
    rows = [HoursException(office=office.office, counter=counter, reason=reason, **asdict(days))]
    for agenda in office.agendas.values():
        services = {s.pk for s in office.offered_services() if s.agenda_id == agenda.pk}
        serving = [c for c in office.open_counters() if services & office.serves[c.pk]]
        if agenda.retired or counter not in serving:
            continue
        left = agenda.rules.quota * (len(serving) - 1) // len(serving)
        rows.append(
            HoursException(
                office=office.office,
                agenda=agenda,
                reason=reason,
                **asdict(days) | {"kind": Kind.REDUCED, "places": left},
            )
        )
    return rows


def _do(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    what: str,
    days: DayException,
    reasons: Reasons,
) -> HttpResponse:
    try:
        made = disrupt(
            office=office,
            exceptions=exceptions_of(office, what, days, reasons),
            seen=request.POST.get("seen", ""),
            choices=_choices(request.POST) if request.POST["apply"] == "chosen" else {},
            now=now(),
            actor=member.user_id,
            # The rows of an official and of a counter have it themselves.
            note="" if what.startswith(("official:", "counter:")) else reasons.reason,
            public_reason=reasons.public_reason,
        )
    except (ImpactChanged, NoSuchLane) as refusal:
        return impact_page(request, office, member, what, days, reasons, refusal=refusal)
    return redirect("console:disruption", office.office.slug, made.pk)


def _choices(said: QueryDict) -> dict[UUID, Choice]:
    """The decisions of the form: `d-<booking>` is keep, offer, cancel, reassign or a lane."""
    found = {}
    for name, value in said.items():
        if name.startswith("d-") and isinstance(value, str):
            decision, _colon, lane = value.partition(":")
            if decision in Decision.values:
                number = reading.whole(lane)
                found[UUID(name[2:])] = Choice(Decision(decision), number)
    return found


def _row(found: Impact, row: Row) -> dict[str, Any]:
    office, booking = found.after, row.booking
    colleagues = [
        (f"{Decision.REASSIGN}:{lane}", official, lane == row.lane)
        for lane in row.candidates
        if (official := official_on(office, lane))
    ]
    return {
        "booking": booking,
        "service": office.services[booking.service_id],
        "official": official_on(office, booking.lane_id),
        "decision": str(row.decision),
        "colleagues": colleagues,
        "other_lane": bool(row.candidates) and not colleagues,
        "terms": [during for _lane, during in row.terms],
    }


def _outcome(office: Directory, booking: Booking, decision: str) -> str:
    if decision == Decision.KEEP:
        return _("stays")
    if booking.state == "displaced":
        return _("waits for an answer")
    return _confirmed(office, booking, decision) if booking.state == "confirmed" else _("cancelled")


def _confirmed(office: Directory, booking: Booking, decision: str) -> str:
    if decision == Decision.REASSIGN:
        official = official_on(office, booking.lane_id)
        if official:
            return _("stays, with %(name)s") % {"name": official.name}
        return _("stays, at another place")
    if decision == Decision.OFFER:
        start = booking.starts_at.astimezone(office.tz)
        when = f"{typography.long_date(start, get_language() or '')} {typography.clock(start)}"
        return _("has another time: %(when)s") % {"when": when}
    return _("has the original appointment again")


def _scopes(office: Directory, member: Membership) -> list[tuple[str, str]]:
    """What the person may close: heads anything, an official their own diary."""
    own = [o for o in office.open_officials() if o.user_id == member.user_id]
    if member.role not in staff.HEADS:
        return [(f"official:{one.code}", str(one.name)) for one in own]
    found = [("office", _("the whole office"))]
    found += [
        (f"agenda:{a.code}", _("agenda: %(name)s") % {"name": a.name})
        for a in office.agendas.values()
        if not a.retired
    ]
    found += [
        (f"service:{s.code}", _("service: %(name)s") % {"name": s.name})
        for s in office.offered_services()
    ]
    found += [(f"counter:{c.code}", str(c.name)) for c in office.open_counters()]
    return found + [(f"official:{o.code}", str(o.name)) for o in office.open_officials()]


def _must_be_allowed(office: Directory, member: Membership, what: str) -> None:
    if member.role in staff.HEADS:
        return
    if what not in dict(_scopes(office, member)):
        raise PermissionDenied


def _found(office: Directory, member: Membership, disruption: int) -> Disruption:
    found = Disruption.objects.filter(pk=disruption, office=office.office).first()
    if found is None:
        raise Http404
    if member.role not in staff.HEADS and found.actor_id != member.user_id:
        raise PermissionDenied
    return found


def _named(known: dict[int, Any], code: str) -> Any:
    found = next((one for one in known.values() if one.code == code and not one.retired), None)
    if found is None:
        raise Http404(code)
    return found
