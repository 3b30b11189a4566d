"""The console: choosing an office, opening a counter, calling and serving."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from prepazka.core.refusal import Refused
from prepazka.offices.models import Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters
from prepazka.queueing.refusals import CounterNotOpen
from prepazka.queueing.wrong_pins import guarded_kiosks
from prepazka.surfaces.console import board, counter_steps, takeover
from prepazka.web import readings, staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import no_counter, staff_only

FIRST_PAGE = {Role.OPERATOR: "console:operators", Role.HEAD: "manager:overview"}


@require_GET
@never_cache
def staff_home(request: HttpRequest) -> HttpResponse:
    """Redirect to the member's only office, or list several to choose from."""
    if refusal := staff_access.step_before_access(request):
        return refusal
    memberships = Membership.objects.filter(user=request.user.pk).select_related("office")
    members = list(memberships.order_by("office__slug"))
    if len(members) == 1:
        return redirect(_first_page(members[0]))
    choices = [{"member": m, "url": _first_page(m)} for m in members]
    return render(request, "console/home.html", {"places": choices})


def _first_page(member: Membership) -> str:
    page = FIRST_PAGE.get(Role(member.role), "console:office")
    return reverse(page, args=[member.office.slug])


@staff_only(*staff_access.MAY_TAKE_OVER)
@require_GET
def office_page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """The console of the clerk's open counter, or the counters to choose from.

    403 for heads, unless they have taken a counter over.
    """
    shift = board.current_shift(office, member.user_id)
    if shift is None and member.role == Role.HEAD:
        raise PermissionDenied
    if shift is None:
        return _choose_counter(request, office, member)
    context = board.board(office, shift, now())
    return render(request, "console/console.html", {**context, "member": member})


def _choose_counter(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    open_rows = takeover.rows_of(office, member)
    open_by_counter = {row.counter.pk: row for row, _may in open_rows}
    rows = [
        {
            "counter": counter,
            "services": [s for s in office.offered_services() if s.pk in office.serves[counter.pk]],
            "taken": open_by_counter.get(counter.pk),
        }
        for counter in office.open_counters()
    ]
    ending = no_counter(office, member.user_id, now())
    return render(
        request,
        "console/choose.html",
        {
            "office": office.row,
            "member": member,
            "rows": rows,
            "open_rows": open_rows,
            "ended": "" if isinstance(ending, CounterNotOpen) else refusal_sentence(ending),
            "faults": board.faults_of_devices(office),
            "guarded": guarded_kiosks(office, now=now()),
            "down": board.incidents_at_counter(office),
            "diaries": (member.role in staff_access.DESK_LOOK and bool(office.open_officials()))
            or any(o.user_id == member.user_id for o in office.open_officials()),
        },
    )


@staff_only(*staff_access.COUNTER)
@require_POST
def open_counter(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Open a counter for the clerk."""
    counter = next(
        (c for c in office.open_counters() if c.code == request.POST.get("counter")), None
    )
    if counter is None:
        raise Http404
    try:
        counters.open_counter(counter=counter, clerk=member.user_id, now=now())
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("console:office", office.slug)


@staff_only(*staff_access.MAY_TAKE_OVER)
@require_GET
def board_fragment(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The board for the live refresh; without an open counter, the reason why it ended."""
    shift = board.current_shift(office, member.user_id)
    if shift is None:
        ending = no_counter(office, member.user_id, now())
        closed = isinstance(ending, CounterNotOpen)
        context = {
            "member": member,
            "ended": _("The counter is closed") if closed else refusal_sentence(ending),
            "go": _page_of(member),
        }
        return render(request, "console/_ended.html", context)
    return render(request, "console/_board.html", board.board(office, shift, now()))


@staff_only(*staff_access.MAY_TAKE_OVER)
@require_POST
def board_step(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, name: str
) -> HttpResponse:
    """Do a step; returns the counter's half of the board to the script, else redirects."""
    kind = "success"
    try:
        text = counter_steps.take_step(
            name,
            office=office,
            clerk=member.user_id,
            form=request.POST,
            now=now(),
            ticket=request.GET.get("t", ""),
        )
    except Refused as refusal:
        text, kind = refusal_sentence(refusal), "error"
    shift = board.current_shift(office, member.user_id)
    if "X-Fragment" in request.headers and shift is not None:
        context = board.at_the_counter(office, shift, now())
        return render(request, "console/_now.html", {**context, "said": text, "said_kind": kind})
    messages.add_message(request, messages.ERROR if kind == "error" else messages.SUCCESS, text)
    page = reverse("console:office", args=[office.slug]) if shift else _page_of(member)
    if "X-Fragment" in request.headers:
        # The script would follow a redirect silently; this header makes it load the page itself.
        return HttpResponse(headers={"X-Go": page})
    return redirect(page)


def _page_of(member: Membership) -> str:
    """The page for a member without a counter; heads have no counters to choose from."""
    page = "manager:overview" if member.role == Role.HEAD else "console:office"
    return reverse(page, args=[member.office.slug])


@staff_only(*staff_access.MAY_TAKE_OVER)
@require_POST
def client_contact(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, ticket: int
) -> HttpResponse:
    """Name and contact of the client at the clerk's counter; each view is recorded."""
    shift = board.current_shift(office, member.user_id)
    current = board.at_counter(shift) if shift else None
    if current is None or current.pk != ticket or current.booking is None:
        messages.error(request, _("The contact is shown only while the client is at your counter."))
        return redirect("console:office", office.slug)
    readings.note_booking(member, current.booking, now=now())
    return render(
        request,
        "console/contact.html",
        {
            "office": office.row,
            "member": member,
            "ticket": current,
            "booking": current.booking,
            "back_url": reverse("console:office", args=[office.slug]),
        },
    )
