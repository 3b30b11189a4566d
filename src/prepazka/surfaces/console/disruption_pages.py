"""Closures and absences with affected bookings: preview, a decision for each, result, undo."""

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

from prepazka.booking.disruptions import UNDO_WITHIN, apply_disruption, undo_disruption
from prepazka.booking.impact_preview import Choice, Decision, Impact, Row, impact_of, lane_official
from prepazka.booking.models import Booking, CallListEntry, Disruption, Offer, OfferState
from prepazka.booking.refusals import ImpactChanged, NoSuchLane, UndoTooLate
from prepazka.core import reading
from prepazka.core.calendar import DayException
from prepazka.core.refusal import Refused
from prepazka.looks import typography
from prepazka.offices.models import Counter, HoursException, Membership, Official, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console.console_texts import days_in_words, times_in_words
from prepazka.surfaces.console.forms import DisruptionForm, Reasons, fields_of
from prepazka.web import readings, staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

EVERYBODY = tuple(Role)
Kind = HoursException.Kind


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def plan_disruption(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The form of a disruption; a post shows its impact, and with `apply` carries it out."""
    if request.method == "GET":
        _must_be_allowed(office, member, "office")
    form = DisruptionForm(request.POST or None, choices=_scopes(office, member))
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["what"]
        _must_be_allowed(office, member, target)
        reasons = form.reasons()
        if "apply" not in request.POST:
            return impact_page(request, office, member, target, form.days(), reasons)
        return _carry_out(request, office, member, target, form.days(), reasons)
    return render(
        request,
        "console/disrupt.html",
        {"office": office.row, "member": member, "form": form},
    )


@staff_only(*EVERYBODY)
@require_GET
def disruption_result(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, disruption: int
) -> HttpResponse:
    """The outcome of a disruption and its offers; can be undone for `UNDO_WITHIN`."""
    record = _disruption_of(office, member, disruption)
    rows = list(record.bookings.select_related("booking").order_by("was_starts_at", "pk"))
    ids = [affected.booking_id for affected in rows]
    if rows:
        readings.note_list(member, "disruption", now=now())
    undo_until = record.created_at + UNDO_WITHIN
    seconds_left = int((undo_until - now()).total_seconds())
    return render(
        request,
        "console/disruption.html",
        {
            "office": office.row,
            "member": member,
            "found": record,
            "rows": [
                (affected, _outcome(office, affected.booking, affected.decision))
                for affected in rows
            ],
            "tally": Tally(affected.decision for affected in rows),
            "open": Offer.objects.filter(booking__in=ids, state=OfferState.OPEN).count(),
            "calls": CallListEntry.objects.filter(booking__in=ids, closed_at=None).count(),
            "undo_until": undo_until if not record.undone_at and seconds_left >= 0 else None,
            "seconds": seconds_left,
            "minutes": max(1, seconds_left // 60),
        },
    )


@staff_only(*EVERYBODY)
@require_POST
def undo_disruption_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, disruption: int
) -> HttpResponse:
    """Undo a disruption; people who have not answered yet get their original slot back."""
    record = _disruption_of(office, member, disruption)
    try:
        count = undo_disruption(disruption=record.pk, now=now(), actor=member.user_id)
    except UndoTooLate as refusal:
        messages.error(request, refusal_sentence(refusal))
    else:
        messages.success(
            request,
            ngettext(
                "Undone; %(n)s person has the original appointment again.",
                "Undone; %(n)s people have their original appointments again.",
                count,
            )
            % {"n": count},
        )
    return redirect("console:disruption", office.slug, record.pk)


def impact_page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    target: str,
    days: DayException,
    reasons: Reasons,
    *,
    refusal: Refused | None = None,
) -> HttpResponse:
    """Preview of the bookings that lose their slot, with a proposed decision for each."""
    impact = impact_of(
        office=office, exceptions=exceptions_of(office, target, days, reasons), now=now()
    )
    if impact.rows:
        readings.note_list(member, "disruption", now=now())
    answers = fields_of(days) | {"what": target} | asdict(reasons)
    return render(
        request,
        "console/impact.html",
        {
            "office": office.row,
            "member": member,
            "what": dict(_scopes(office, member)).get(target, ""),
            "said": list(answers.items()),
            "days": days_in_words(days),
            "times": times_in_words(days),
            "rows": [_row(impact, row) for row in impact.rows],
            "colleagues": [
                (c, lane_official(office, c.lane_id), meeting_of(office, c))
                for c in impact.companions
            ],
            "token": impact.token,
            "tally": Tally(row.decision for row in impact.rows),
            "error": refusal_sentence(refusal) if refusal else "",
        },
        status=409 if refusal else 200,
    )


def meeting_of(office: OfficeSnapshot, companion: Booking) -> Official | None:
    """The official who leads the meeting of a colleague's companion booking."""
    meeting = companion.companion_of
    return lane_official(office, meeting.lane_id) if meeting else None


def exceptions_of(
    office: OfficeSnapshot, target: str, days: DayException, reasons: Reasons
) -> list[HoursException]:
    """Unsaved exceptions for the target; a closed counter also reduces its agendas' places.

    The reason stored is the public one for the office, an agenda or a service, and the staff's
    one for an official or a counter.
    """
    kind, _colon, code = target.partition(":")
    if kind == "counter":
        text = _in_czech(reasons.reason)
        return _without_counter(office, _by_code(office.counters, code), days, text)
    text = _in_czech(reasons.reason if kind == "official" else reasons.public_reason)
    scopes: dict[str, Any] = {
        "agenda": office.agendas,
        "service": office.services,
        "official": office.officials,
    }
    scope = {kind: _by_code(scopes[kind], code)} if kind in scopes else {}
    return [HoursException(office=office.row, reason=text, **scope, **asdict(days))]


def _in_czech(text: str) -> dict[str, str]:
    return {"cs": text} if text else {}


def _without_counter(
    office: OfficeSnapshot, counter: Counter, days: DayException, reason: dict[str, str]
) -> list[HoursException]:
    rows = [HoursException(office=office.row, counter=counter, reason=reason, **asdict(days))]
    for agenda in office.agendas.values():
        services = {s.pk for s in office.offered_services() if s.agenda_id == agenda.pk}
        serving = [c for c in office.open_counters() if services & office.serves[c.pk]]
        if agenda.retired or counter not in serving:
            continue
        places = agenda.rules.quota * (len(serving) - 1) // len(serving)
        rows.append(
            HoursException(
                office=office.row,
                agenda=agenda,
                reason=reason,
                **asdict(days) | {"kind": Kind.REDUCED, "places": places},
            )
        )
    return rows


def _carry_out(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    target: str,
    days: DayException,
    reasons: Reasons,
) -> HttpResponse:
    try:
        disruption = apply_disruption(
            office=office,
            exceptions=exceptions_of(office, target, days, reasons),
            seen_token=request.POST.get("seen", ""),
            choices=_choices(request.POST) if request.POST["apply"] == "chosen" else {},
            now=now(),
            actor=member.user_id,
            # Exceptions of officials and counters store this reason themselves.
            note="" if target.startswith(("official:", "counter:")) else reasons.reason,
            public_reason=reasons.public_reason,
        )
    except (ImpactChanged, NoSuchLane) as refusal:
        return impact_page(request, office, member, target, days, reasons, refusal=refusal)
    return redirect("console:disruption", office.slug, disruption.pk)


def _choices(form: QueryDict) -> dict[UUID, Choice]:
    """Decisions from fields `d-<booking>`: keep, offer, cancel, reassign or `reassign:<lane>`."""
    choices = {}
    for name, value in form.items():
        if name.startswith("d-") and isinstance(value, str):
            decision, _colon, lane = value.partition(":")
            if decision in Decision.values:
                number = reading.read_whole_number(lane)
                choices[UUID(name[2:])] = Choice(Decision(decision), number)
    return choices


def _row(impact: Impact, row: Row) -> dict[str, Any]:
    office, booking = impact.after, row.booking
    colleagues = [
        (f"{Decision.REASSIGN}:{lane}", official, lane == row.lane)
        for lane in row.candidates
        if (official := lane_official(office, lane))
    ]
    return {
        "booking": booking,
        "service": office.services[booking.service_id],
        "official": lane_official(office, booking.lane_id),
        "decision": str(row.decision),
        "colleagues": colleagues,
        "other_lane": bool(row.candidates) and not colleagues,
        "slots": [during for _lane, during in row.slots],
    }


def _outcome(office: OfficeSnapshot, booking: Booking, decision: str) -> str:
    if decision == Decision.KEEP:
        return _("stays")
    if booking.state == "displaced":
        return _("waits for an answer")
    return (
        _confirmed_outcome(office, booking, decision)
        if booking.state == "confirmed"
        else _("cancelled")
    )


def _confirmed_outcome(office: OfficeSnapshot, booking: Booking, decision: str) -> str:
    if decision == Decision.REASSIGN:
        official = lane_official(office, booking.lane_id)
        if official:
            return _("stays, with %(name)s") % {"name": official.name}
        return _("stays, at another place")
    if decision == Decision.OFFER:
        start = booking.starts_at.astimezone(office.tz)
        when = f"{typography.long_date(start, get_language() or '')} {typography.clock(start)}"
        return _("has another time: %(when)s") % {"when": when}
    return _("has the original appointment again")


def _scopes(office: OfficeSnapshot, member: Membership) -> list[tuple[str, str]]:
    """Targets that the member may close: heads anything, officials their own diary."""
    own = [o for o in office.open_officials() if o.user_id == member.user_id]
    if member.role not in staff_access.HEADS:
        return [(f"official:{o.code}", str(o.name)) for o in own]
    scopes = [("office", _("the whole office"))]
    scopes += [
        (f"agenda:{a.code}", _("area of service: %(name)s") % {"name": a.name})
        for a in office.agendas.values()
        if not a.retired
    ]
    scopes += [
        (f"service:{s.code}", _("service: %(name)s") % {"name": s.name})
        for s in office.offered_services()
    ]
    scopes += [(f"counter:{c.code}", str(c.name)) for c in office.open_counters()]
    return scopes + [(f"official:{o.code}", str(o.name)) for o in office.open_officials()]


def _must_be_allowed(office: OfficeSnapshot, member: Membership, target: str) -> None:
    if member.role in staff_access.HEADS:
        return
    if target not in dict(_scopes(office, member)):
        raise PermissionDenied


def _disruption_of(office: OfficeSnapshot, member: Membership, disruption: int) -> Disruption:
    row = Disruption.objects.filter(pk=disruption, office=office.row).first()
    if row is None:
        raise Http404
    if member.role not in staff_access.HEADS and row.actor_id != member.user_id:
        raise PermissionDenied
    return row


def _by_code(rows: dict[int, Any], code: str) -> Any:
    row = next((r for r in rows.values() if r.code == code and not r.retired), None)
    if row is None:
        raise Http404(code)
    return row
