"""Turn alerts of a ticket: the form for a contact, push subscriptions, and turning them off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prepazka.booking.contacts import clean_email, normalise_phone
from prepazka.core.contact import Contact
from prepazka.core.contact_text import FULL_WIDTH, LONGEST_ADDRESS
from prepazka.core.refusal import Refused
from prepazka.gateways.push import LONGEST, is_valid_subscription, push_public_key
from prepazka.messaging.channels import takes_phones
from prepazka.offices.languages import active_language
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import IN_QUEUE, Ticket
from prepazka.queueing.turn_alerts import AlertContact, drop_alert, request_alert
from prepazka.surfaces.ticket.views import announcement_for, of_ticket
from prepazka.web import limits
from prepazka.web.errors import refusal_sentence
from prepazka.web.form_fields import cleaned_or_invalid
from prepazka.web.shortcuts import now

WORKER = Path(__file__).parent / "static/ticket/alerts-worker.js"
# The contact may belong to somebody else, who must not be flooded.
SAME_CONTACT = limits.Limit("alert", 5, timedelta(hours=1))
PUSH = ("endpoint", "p256dh", "auth")


class AlertForm(forms.Form):
    """One field: an e-mail address, or a mobile number where the office sends SMS."""

    contact = forms.CharField(max_length=LONGEST_ADDRESS)

    def __init__(self, *args: Any, phones: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phones = phones
        field = self.fields["contact"]
        field.label = _("E-mail or mobile number") if phones else _("E-mail")
        field.error_messages["required"] = (
            _("Enter your e-mail address or your mobile number.")
            if phones
            else _("Enter your e-mail address.")
        )
        field.widget.attrs |= {"spellcheck": "false"}
        if not phones:
            field.widget.attrs |= {"autocomplete": "email", "inputmode": "email"}

    def clean_contact(self) -> AlertContact:
        """The contact in normalised form."""
        text = str(self.cleaned_data["contact"])
        if "@" in text.translate(FULL_WIDTH) or not self.phones:
            return AlertContact(email=cleaned_or_invalid(clean_email, text))
        return AlertContact(
            phone=cleaned_or_invalid(lambda number: normalise_phone(number, mobile=True), text)
        )


@of_ticket
@require_http_methods(["GET", "HEAD", "POST"])
def ask_alert_page(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """The form for a turn alert; a post stores the contact or push subscription."""
    if ticket.state not in IN_QUEUE:
        return redirect("ticket:page", code=ticket.code)
    if request.method != "POST":
        return _page(request, ticket, office, _form(office))
    if "endpoint" in request.POST:
        return _store_push(request, ticket, office)
    form = _form(office, request.POST)
    if not form.is_valid():
        return _page(request, ticket, office, form, status=422)
    return _store_alert(request, ticket, office, form.cleaned_data["contact"])


@of_ticket
@require_POST
def drop_alert_page(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """Turn the alert off; the contact is erased at once."""
    drop_alert(ticket=ticket.pk, now=now())
    return redirect("ticket:page", code=ticket.code)


@require_safe
def alerts_service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker that shows notices and caches pages of tickets, nothing else."""
    response = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def _store_push(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    subscription = {name: request.POST.get(name, "")[: LONGEST + 1] for name in PUSH}
    if not is_valid_subscription(**subscription):
        problem = _("This browser cannot show notifications. Give an e-mail address instead.")
        return _page(request, ticket, office, _form(office), problem, 422)
    return _store_alert(request, ticket, office, AlertContact(push=subscription))


def _store_alert(
    request: HttpRequest, ticket: Ticket, office: OfficeSnapshot, contact: AlertContact
) -> HttpResponse:
    try:
        limits.limit_address(request, limits.REQUESTS, now=now())
        if address := Contact(email=contact.email, phone=contact.phone).key:
            limits.count_try(SAME_CONTACT, address, now=now())
        request_alert(ticket=ticket.pk, contact=contact, language=active_language(), now=now())
    except limits.TooManyTries as refused:
        return _page(request, ticket, office, _form(office), refusal_sentence(refused), 429)
    except Refused:
        pass  # called meanwhile; the ticket's page shows that
    return redirect("ticket:page", code=ticket.code)


def _form(office: OfficeSnapshot, posted: Any = None) -> AlertForm:
    return AlertForm(posted, phones=takes_phones(office.row, now=now()))


def _page(
    request: HttpRequest,
    ticket: Ticket,
    office: OfficeSnapshot,
    form: AlertForm,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "office": office.row,
        "ticket": ticket,
        "form": form,
        "problem": problem,
        "has_alert": bool(announcement_for(ticket)),
        "push_key": push_public_key(),
    }
    return render(request, "ticket/alert.html", context, status=status)
