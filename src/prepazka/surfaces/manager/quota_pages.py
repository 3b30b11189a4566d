"""Booking quotas per arrival window, and their effect on people without a booking."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from prepazka.booking.refusals import NoSuchQuota
from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.core.whatif import Difference
from prepazka.officefile import quota_change
from prepazka.officefile.booking_rules_section import REASON
from prepazka.officefile.quota_change import Effect
from prepazka.officefile.quota_effect import Quota
from prepazka.offices.models import Agenda, Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

SIMULATED_SECONDS = 1.5
WEEKDAYS: tuple[Callable[[], str], ...] = (
    lambda: _("on Monday"),
    lambda: _("on Tuesday"),
    lambda: _("on Wednesday"),
    lambda: _("on Thursday"),
    lambda: _("on Friday"),
    lambda: _("on Saturday"),
    lambda: _("on Sunday"),
)
FIGURES: dict[str, Callable[[], str]] = {
    "walk_in_mean": lambda: _("people without a booking wait on average"),
    "walk_in_p80": lambda: _("four of five of them wait at most"),
    "booked_mean": lambda: _("people who booked wait on average"),
}


@staff_only(*staff_access.HEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def quotas_page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """The quotas, and the effect of a chosen new one; a post saves it."""
    quotas = quota_change.present_quotas(office, now=now())
    form = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {"office": office.row, "member": member, "reason_length": REASON}
    status = 200
    if "agenda" in form:
        if form["agenda"] not in quotas:
            raise Http404
        chosen = quotas[form["agenda"]]
        context |= {"chosen": chosen.agenda.code, "reason": form.get("reason", "")[:REASON]}
        context["wanted"] = form.get("quota", "")[:3]
        quota = 0  # stays 0 if the text is not a number, which raises NoSuchQuota
        try:
            quota = _number(context["wanted"])
            if request.method == "POST":
                return _save(request, office, member, chosen, quota)
            context |= _effect(office, chosen, quota)
        except Refused as refused:
            context["problem"], status = refusal_sentence(refused), 409
            if not isinstance(refused, NoSuchQuota):
                context |= _effect(office, chosen, quota)
    context["rows"] = [_row(office, q) for q in quotas.values()]
    return render(request, "manager/quotas.html", context, status=status)


def _number(text: str) -> int:
    quota = reading.read_whole_number(text)
    if quota is None:
        raise NoSuchQuota
    return quota


def _save(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, chosen: Quota, quota: int
) -> HttpResponse:
    quota_change.set_quota(
        office=office.row,
        agenda=chosen.agenda.code,
        quota=quota,
        reason=request.POST.get("reason", ""),
        now=now(),
        actor=member.user_id,
    )
    messages.success(request, _("The number of bookings was changed."))
    return redirect("manager:quotas", office.slug)


def _effect(office: OfficeSnapshot, chosen: Quota, quota: int) -> dict[str, Any]:
    cache_key = ("quota", chosen.agenda.code, quota, now().date())
    effect: Effect | None = office.kept.get(cache_key)
    if effect is None:
        until = time.monotonic() + SIMULATED_SECONDS
        effect = quota_change.effect_of_quota(
            office, chosen, quota, now=now(), enough=lambda: time.monotonic() > until
        )
        office.kept[cache_key] = effect
    return {
        "effect": effect,
        "agenda": _agenda(office, chosen),
        "before": _times(effect.now),
        "after": _times(effect.then),
        "simulated": [
            _simulated_difference(FIGURES[name](), effect.differences[name])
            for name in FIGURES
            if name in effect.differences
        ],
    }


def _agenda(office: OfficeSnapshot, quota: Quota) -> Agenda:
    return next(a for a in office.agendas.values() if a.code == quota.agenda.code and not a.retired)


def _row(office: OfficeSnapshot, quota: Quota) -> dict[str, Any]:
    agenda = _agenda(office, quota)
    names = {a.code: a.name for a in office.agendas.values() if not a.retired}
    return {
        "quota": quota,
        "agenda": agenda,
        "day": WEEKDAYS[quota.day.weekday()](),
        "sharing": [names[code] for code in quota.sharing],
        "mean": number_format(quota.burden.mean, 1),
        "learned": quota_change.has_learned_times(office, agenda),
        "times": _times(quota),
        "reason": agenda.rules.quota_reason,
    }


def _times(quota: Quota) -> str:
    """The factor by which other people's waits grow; empty if bookings leave them no time."""
    return number_format(quota.rounded, 2) if quota.burden.taken < 1 else ""


def _simulated_difference(label: str, difference: Difference) -> dict[str, Any]:
    return {
        "label": label,
        "before": number_format(difference.before, 1),
        "after": number_format(difference.after, 1),
        "low": _signed(difference.change - difference.half),
        "high": _signed(difference.change + difference.half),
    }


def _signed(number: float) -> str:
    return str(number_format(number, 1)).replace("-", "\N{MINUS SIGN}")
