"""An official's own clients: view, book, move and cancel, with messages previewed first.

Only for the account linked to the diary. A booking outside the diary is answered by 404.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking import booking_lifecycle, slot_search
from prepazka.booking.diaries import lanes_of
from prepazka.booking.models import BY_STAFF, OPEN, Booking, BookingState, Channel
from prepazka.booking.refusals import HoldExpired, PhoneNeeded
from prepazka.core.booking_reference import reference_of
from prepazka.core.refusal import Refused
from prepazka.core.slots import Slot
from prepazka.messaging.channels import channel_for, sends_sms
from prepazka.messaging.contexts import how_in_words
from prepazka.messaging.previews import Preview, messages_caused
from prepazka.offices.models import Membership, Official, Role, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console.changes import official_of
from prepazka.surfaces.console.console_texts import state_in_words, unsent_in_words, way_in_words
from prepazka.surfaces.console.desk_booking_pages import (
    DAYS_SHOWN,
    chosen_instant,
    mode_links,
    mode_of,
    persons_of,
    request_key,
)
from prepazka.surfaces.console.forms import BookForm, ClientForm
from prepazka.web import readings
from prepazka.web.errors import refusal_sentence
from prepazka.web.form_fields import contact_of_form
from prepazka.web.limits import asker_of
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

EVERYBODY = tuple(Role)
LONGEST_REASON = 200
# A hold belongs to the person filling the form in; an expired one has no client.
NOBODYS = (BookingState.HELD, BookingState.EXPIRED)


class CancelForm(forms.Form):
    """The reason for cancelling, which is sent to the client."""

    reason = forms.CharField(
        label=gettext_lazy("Reason for the client"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy(
            "The client reads it in the mail and on the page of the booking, for example “I am ill”"
            " or “as you wished by telephone”."
        ),
        error_messages={"required": gettext_lazy("Give the reason; the client will read it.")},
    )


@dataclass(frozen=True)
class Diary:
    """The diary of the requesting member, with queries and addresses limited to it."""

    office: OfficeSnapshot
    member: Membership
    official: Official

    def page(
        self, request: HttpRequest, template: str, status: int = 200, **context: Any
    ) -> HttpResponse:
        """The rendered template with the diary's shared context."""
        usual = {"office": self.office.row, "member": self.member, "official": self.official}
        return render(request, f"console/{template}.html", usual | context, status=status)

    def address(self, name: str, *args: Any) -> str:
        """The address of a page of this diary."""
        slug = self.office.slug
        return reverse(f"console:{name}", args=[slug, self.official.code, *args])

    def booking(self, booking: UUID, *, held: bool = False) -> Booking:
        """The client's booking in this diary, or the `held` one that is being filled in."""
        rows = Booking.objects.filter(
            pk=booking,
            office=self.office.row,
            lane=lanes_of(self.office)[self.official.pk],
            companion_of=None,
        )
        row = rows.first()
        if row is None or (row.state in NOBODYS and not held):
            raise Http404
        return row

    def services(self) -> list[Service]:
        """Services that can be booked with the official."""
        return [
            service
            for service in self.office.offered_services()
            if service.bookable and self.official in self.office.officials_for(service.pk)
        ]

    def note_look(self, booking: Booking) -> None:
        """Record that the official saw the client's contact."""
        readings.note_booking(self.member, booking, now=now())


def _own_diary(office: OfficeSnapshot, member: Membership, code: str) -> Diary:
    return Diary(office, member, official_of(office, member, code, own=True))


@staff_only(*EVERYBODY)
@require_GET
def own_client_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, booking: UUID
) -> HttpResponse:
    """The page of a client's booking."""
    diary = _own_diary(office, member, code)
    row = diary.booking(booking)
    return diary.page(
        request,
        "own_client",
        booking=row,
        service=office.services[row.service_id],
        state=state_in_words(row, office),
        how=how_in_words(row.mode),
        live=row.state == BookingState.CONFIRMED,
        changeable=row.state in OPEN and row.starts_at > now(),
        reference=reference_of(row.pk),
        way=way_in_words(channel_for(row, office.row)),
        unsent=unsent_in_words(row),
    )


@staff_only(*EVERYBODY)
@require_POST
def edit_own_contact(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, booking: UUID
) -> HttpResponse:
    """The client's name and contact; each view is recorded."""
    diary = _own_diary(office, member, code)
    row = diary.booking(booking)
    diary.note_look(row)
    back = diary.address("own_client", row.pk)
    return diary.page(request, "person", booking=row, back=back)


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def move_own_booking(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, booking: UUID
) -> HttpResponse:
    """Move the booking: choose a slot, preview the message, confirm."""
    diary = _own_diary(office, member, code)
    row = diary.booking(booking)
    if over := _redirect_if_closed(request, diary, row):
        return over
    if request.method == "POST":
        starts_at, at = chosen_instant(request), now()
        if starts_at == row.starts_at:
            messages.info(request, _("The booking is already at that time."))
            return redirect(diary.address("own_client", row.pk))

        def change() -> Booking:
            return booking_lifecycle.move_booking(
                booking=row.pk, starts_at=starts_at, now=at, by_office=True, actor=member.user_id
            )

        try:
            if "sure" in request.POST:
                change()
                messages.success(request, _("The booking was moved."))
                return redirect(diary.address("own_client", row.pk))
            return _preview(
                request, diary, row, change, at, starts_at=starts_at, back=request.get_full_path()
            )
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
    service = office.services[row.service_id]
    free = slot_search.search_slots(
        office=office,
        service=service,
        now=now(),
        persons=row.persons,
        channel=row.channel,
        besides=row.pk,
        official=diary.official,
        mode=row.mode,
    )
    back = diary.address("own_client", row.pk)
    return _slots(request, diary, service, free, booking=row, back=back)


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def cancel_own_booking(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, booking: UUID
) -> HttpResponse:
    """Cancel the booking: write the reason, preview the message, confirm."""
    diary = _own_diary(office, member, code)
    row = diary.booking(booking)
    if over := _redirect_if_closed(request, diary, row):
        return over
    form = CancelForm(request.POST or None)
    back = diary.address("own_client", row.pk)
    if request.method == "POST" and "change" not in request.POST and form.is_valid():
        at = now()

        def change() -> Booking:
            return booking_lifecycle.cancel_booking(
                booking=row.pk,
                now=at,
                by_office=True,
                actor=member.user_id,
                reason=form.cleaned_data["reason"],
            )

        try:
            if "sure" not in request.POST:
                return _preview(request, diary, row, change, at, reason=form.cleaned_data["reason"])
            change()
            messages.success(request, _("The booking was cancelled."))
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
        return redirect(back)
    service = office.services[row.service_id]
    return diary.page(
        request, "own_client_cancel", booking=row, service=service, form=form, back=back
    )


def _redirect_if_closed(request: HttpRequest, diary: Diary, row: Booking) -> HttpResponse | None:
    """A redirect to the booking if it can no longer be changed, else None."""
    if row.state in OPEN and row.starts_at > now():
        return None
    messages.error(request, _("This booking can no longer be changed."))
    return redirect(diary.address("own_client", row.pk))


def _preview(
    request: HttpRequest,
    diary: Diary,
    row: Booking,
    change: Callable[[], Any],
    at: datetime,
    **context: Any,
) -> HttpResponse:
    """The page that previews the change's messages. Raises what the change raises."""
    previews = messages_caused(change, office=diary.office.row, booking=row.pk, now=at)
    if previews:
        diary.note_look(row)  # previews show the client's address
    return _preview_page(request, diary, row, previews, **context)


def _preview_page(
    request: HttpRequest, diary: Diary, row: Booking, previews: list[Preview], **context: Any
) -> HttpResponse:
    answers = [
        (name, value)
        for name, value in request.POST.items()
        if name not in {"csrfmiddlewaretoken", "sure", "change"}
    ]
    service = diary.office.services[row.service_id]
    return diary.page(
        request,
        "own_client_sure",
        booking=row,
        service=service,
        previews=previews,
        answers=answers,
        **context,
    )


@staff_only(*EVERYBODY)
@require_GET
def book_own_client(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """The form for service, number of people and channel."""
    diary = _own_diary(office, member, code)
    services = diary.services()
    form = BookForm(office, request.GET or None, services=services)
    if form.is_bound and form.is_valid():
        answers = form.cleaned_data
        query = urlencode({"osob": answers["persons"], "kanal": answers["channel"]})
        return redirect(f"{diary.address('own_slots', answers['service'])}?{query}")
    return diary.page(request, "book", form=form, none=not services, back=diary.address("diary"))


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def own_slots(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, service: str
) -> HttpResponse:
    """The free slots of the diary; a post holds one."""
    diary = _own_diary(office, member, code)
    chosen_service = next((s for s in diary.services() if s.code == service), None)
    channel = request.GET.get("kanal", Channel.DESK)
    if chosen_service is None or channel not in BY_STAFF:
        raise Http404
    criteria: dict[str, Any] = {
        "office": office,
        "service": chosen_service,
        "persons": persons_of(request),
        "channel": channel,
        "official": diary.official,
        "mode": mode_of(request.GET, chosen_service),
    }
    if request.method == "POST":
        try:
            held = booking_lifecycle.hold_slot(
                starts_at=chosen_instant(request),
                now=now(),
                request_key=request_key(request),
                actor=member.user_id,
                asker=asker_of(request, now=now()),
                **criteria,
            )
            return redirect(diary.address("own_fill_in", held.pk))
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
    free = slot_search.search_slots(now=now(), **criteria)
    back = diary.address("own_book")
    return _slots(
        request, diary, chosen_service, free, back=back, modes=mode_links(request, chosen_service)
    )


def _slots(
    request: HttpRequest,
    diary: Diary,
    service: Service,
    free: list[Slot],
    **context: Any,
) -> HttpResponse:
    by_day = groupby(free, key=lambda slot: slot.day)
    days = [(day, [(slot, "") for slot in of_day]) for day, of_day in by_day]
    from_day = request.GET.get("od", "")
    visible = [(day, day_slots) for day, day_slots in days if day.isoformat() >= from_day]
    query = request.GET.copy()
    query.pop("od", None)
    return diary.page(
        request,
        "slots",
        service=service,
        days=visible[:DAYS_SHOWN],
        later=visible[DAYS_SHOWN][0] if len(visible) > DAYS_SHOWN else None,
        query=query.urlencode(),
        key=uuid4(),
        back_text=_("Back"),
        **context,
    )


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def fill_in(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, booking: UUID
) -> HttpResponse:
    """Book the held slot: the client's contact, a preview of the message, confirmation."""
    diary = _own_diary(office, member, code)
    row = diary.booking(booking, held=True)
    if row.channel not in BY_STAFF:
        raise Http404  # a citizen's own hold, made on the web
    if row.state != BookingState.HELD:
        if row.confirmed_at:
            return redirect(diary.address("own_client", row.pk))
        messages.error(request, refusal_sentence(HoldExpired()))
        return redirect(diary.address("own_book"))
    form = ClientForm(request.POST or None)
    if request.method == "POST" and "change" not in request.POST and form.is_valid():
        at = now()

        def change() -> Booking:
            return booking_lifecycle.request_confirmation(
                booking=row.pk, contact=contact_of_form(form), now=at, actor=member.user_id
            )

        try:
            if "sure" not in request.POST:
                previews = messages_caused(change, office=office.row, booking=row.pk, now=at)
                return _preview_page(request, diary, row, previews, fresh=True)
            change()
            messages.success(request, _("The client is booked."))
            return redirect(diary.address("own_client", row.pk))
        except PhoneNeeded as refusal:
            form.add_error("phone", refusal_sentence(refusal))
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
            return redirect(diary.address("own_book"))
    return diary.page(
        request,
        "fill_in",
        form=form,
        booking=row,
        service=office.services[row.service_id],
        sends_sms=sends_sms(office.row),
        give_back=diary.address("own_give_back", row.pk),
        button=_("Continue"),
    )


@staff_only(*EVERYBODY)
@require_POST
def give_back(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, booking: UUID
) -> HttpResponse:
    """Release the held slot at once."""
    diary = _own_diary(office, member, code)
    row = diary.booking(booking, held=True)
    if row.channel not in BY_STAFF:
        raise Http404
    booking_lifecycle.release_hold(booking=row.pk, now=now(), actor=member.user_id)
    return redirect(diary.address("diary"))
