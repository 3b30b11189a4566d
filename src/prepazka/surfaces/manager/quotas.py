"""How many may book each window, and what it does to people who come without a booking."""

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
from prepazka.officefile.quota_change import Effect
from prepazka.officefile.quotas import Quota
from prepazka.officefile.rules import REASON
from prepazka.offices.directory import Directory
from prepazka.offices.models import Agenda, Membership
from prepazka.web import staff
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

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


@staff_only(*staff.HEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """The quotas; with another one chosen what it would do; saved by POST."""
    found = quota_change.present(office, now=now())
    said = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {"office": office.office, "member": member, "reason_length": REASON}
    status = 200
    if "agenda" in said:
        if said["agenda"] not in found:
            raise Http404
        chosen = found[said["agenda"]]
        context |= {"chosen": chosen.agenda.code, "reason": said.get("reason", "")[:REASON]}
        context["wanted"] = said.get("quota", "")[:3]
        quota = 0  # none, which is refused
        try:
            quota = _number(context["wanted"])
            if request.method == "POST":
                return _saved(request, office, member, chosen, quota)
            context |= _effect(office, chosen, quota)
        except Refused as refused:
            context["problem"], status = sentence(refused), 409
            if not isinstance(refused, NoSuchQuota):
                context |= _effect(office, chosen, quota)
    context["rows"] = [_row(office, one) for one in found.values()]
    return render(request, "manager/quotas.html", context, status=status)


def _number(said: str) -> int:
    quota = reading.whole(said)
    if quota is None:
        raise NoSuchQuota
    return quota


def _saved(
    request: HttpRequest, office: Directory, member: Membership, chosen: Quota, quota: int
) -> HttpResponse:
    quota_change.set_quota(
        office=office.office,
        agenda=chosen.agenda.code,
        quota=quota,
        reason=request.POST.get("reason", ""),
        now=now(),
        actor=member.user_id,
    )
    messages.success(request, _("The number of bookings was changed."))
    return redirect("manager:quotas", office.office.slug)


def _effect(office: Directory, chosen: Quota, quota: int) -> dict[str, Any]:
    kept = ("quota", chosen.agenda.code, quota, now().date())
    found: Effect | None = office.kept.get(kept)
    if found is None:
        until = time.monotonic() + SIMULATED_SECONDS
        found = quota_change.effect(
            office, chosen, quota, now=now(), enough=lambda: time.monotonic() > until
        )
        office.kept[kept] = found
    return {
        "effect": found,
        "agenda": _agenda(office, chosen),
        "before": _times(found.now),
        "after": _times(found.then),
        "simulated": [
            _simulated(FIGURES[name](), found.differences[name])
            for name in FIGURES
            if name in found.differences
        ],
    }


def _agenda(office: Directory, one: Quota) -> Agenda:
    return next(a for a in office.agendas.values() if a.code == one.agenda.code and not a.retired)


def _row(office: Directory, one: Quota) -> dict[str, Any]:
    agenda = _agenda(office, one)
    names = {a.code: a.name for a in office.agendas.values() if not a.retired}
    return {
        "quota": one,
        "agenda": agenda,
        "day": WEEKDAYS[one.day.weekday()](),
        "sharing": [names[code] for code in one.sharing],
        "mean": number_format(one.burden.mean, 1),
        "learned": quota_change.learned(office, agenda),
        "times": _times(one),
        "reason": agenda.rules.quota_reason,
    }


def _times(one: Quota) -> str:
    """The stretch; empty where the booked leave no time to others."""
    return number_format(one.rounded, 2) if one.burden.taken < 1 else ""


def _simulated(label: str, one: Difference) -> dict[str, Any]:
    return {
        "label": label,
        "before": number_format(one.before, 1),
        "after": number_format(one.after, 1),
        "low": _signed(one.change - one.half),
        "high": _signed(one.change + one.half),
    }


def _signed(value: float) -> str:
    return str(number_format(value, 1)).replace("-", "\N{MINUS SIGN}")
