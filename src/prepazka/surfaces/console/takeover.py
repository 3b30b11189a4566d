"""Open counters, and closing or taking over a counter that a clerk left open."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters
from prepazka.queueing.counters import Fate
from prepazka.queueing.models import Shift, TicketState
from prepazka.queueing.refusals import CounterClosedAlready
from prepazka.reporting.open_counters import OpenCounter, open_counters
from prepazka.web import staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

# Functions, so that texts are translated into the language of the request.
FATES: dict[Fate, Callable[[], str]] = {
    Fate.STAYS: lambda: _("is still here; I go on with them"),
    Fate.SERVED: lambda: _("has been served and is gone"),
    Fate.WAITS: lambda: _("goes back to the queue, before the others"),
    Fate.ABSENT: lambda: _("was called and did not come"),
}


@staff_only(*staff_access.MAY_TAKE_OVER)
@require_GET
def open_counters_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The open counters of the office."""
    return render(
        request,
        "console/counters.html",
        {"office": office.row, "member": member, "rows": rows_of(office, member)},
    )


@staff_only(*staff_access.MAY_TAKE_OVER)
@require_http_methods(["GET", "POST"])
def left_counter(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, shift: int
) -> HttpResponse:
    """The page of one open counter; a post closes it or takes it over."""
    if not Shift.objects.filter(pk=shift, office=office.row).exists():
        raise Http404(str(shift))
    if request.method == "POST":
        return _end(request, office, member, shift)
    row = next((r for r in open_counters(office) if r.shift.pk == shift), None)
    if row is None:
        messages.info(request, refusal_sentence(CounterClosedAlready()))
        return redirect("console:counters", office.slug)
    called = row.client is not None and row.client.state == TicketState.CALLED
    fates = [fate for fate in FATES if fate != Fate.ABSENT or called]
    context = {
        "office": office.row,
        "member": member,
        "row": row,
        "mine": row.shift.clerk_id == member.user_id,
        "may": counters.may_end_shift(office, row.shift, member.user_id),
        "to_take": [(fate, FATES[fate]()) for fate in fates],
        "to_close": [(fate, FATES[fate]()) for fate in fates if fate != Fate.STAYS],
        "alone": counters.waiting_here_alone(office, row.shift, now()),
    }
    return render(request, "console/left_counter.html", context)


def rows_of(office: OfficeSnapshot, member: Membership) -> list[tuple[OpenCounter, bool]]:
    """The open counters, each with whether the member may close it or take it over."""
    return [
        (
            row,
            row.shift.clerk_id != member.user_id
            and counters.may_end_shift(office, row.shift, member.user_id),
        )
        for row in open_counters(office)
    ]


def _end(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, shift: int
) -> HttpResponse:
    form = request.POST
    client = reading.read_whole_number(form.get("client", ""))
    fate = Fate(form["fate"]) if form.get("fate", "") in set(Fate) else None
    take_over = form.get("do") == "take"
    try:
        if take_over:
            counters.take_over_counter(
                office=office,
                shift=shift,
                clerk=member.user_id,
                client=client,
                fate=fate,
                now=now(),
            )
        else:
            counters.close_left_counter(
                office=office,
                shift=shift,
                actor=member.user_id,
                client=client,
                fate=fate,
                now=now(),
            )
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
        return redirect("console:left_counter", office.slug, shift)
    if take_over:
        messages.success(request, _("The counter is yours now."))
        return redirect("console:office", office.slug)
    messages.success(request, _("The counter is closed"))
    return redirect("console:counters", office.slug)
