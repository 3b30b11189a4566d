"""Pages of a held slot: contact details, the summary to check, and the request to confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from prepazka.booking import booking_links
from prepazka.booking.booking_lifecycle import (
    ask_again_to_confirm,
    correct_request,
    extend_hold,
    note_contact,
    replacement_of,
    request_confirmation,
)
from prepazka.booking.contacts import contact_hash
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import (
    CannotExtend,
    ConfirmationTooLate,
    HoldExpired,
    TooManyBookings,
    TooManyHolds,
    TooManyUnconfirmed,
)
from prepazka.core import calendar
from prepazka.core.contact import Contact
from prepazka.core.contact_text import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_PHONE,
    LONGEST_TOPIC,
    clean_text,
)
from prepazka.core.mail_domains import suggest_address
from prepazka.looks import typography
from prepazka.messaging.channels import takes_phones
from prepazka.messaging.contexts import (
    WHAT_AND_WHEN,
    Fact,
    facts_of,
    facts_with,
    facts_without,
    when_of,
)
from prepazka.offices.models import Mode
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.citizen.forms import Answers, ContactForm
from prepazka.surfaces.citizen.page_frame import (
    Wish,
    is_held,
    limit_in_words,
    nearest_choices,
    of_booking,
    own_hold,
    render_page,
)
from prepazka.web.errors import mark_retry, refusal_sentence, status_of
from prepazka.web.limits import (
    CONFIRMATIONS,
    HOLDS,
    REQUESTS,
    TooManyTries,
    asker_of,
    count_try,
    limit_booking,
)
from prepazka.web.shortcuts import now

# Letters of each answer that are kept of an invalid form.
LONGEST = {
    "name": LONGEST_NAME,
    "email": LONGEST_ADDRESS,
    "phone": LONGEST_PHONE,
    "topic": LONGEST_TOPIC,
}


@of_booking("hold")
def contact_form_page(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The form for the name and one contact."""
    if held.requested_at:
        return _redirect_to("sent", token)
    if request.method == "POST":
        return _store_contact(request, held, office, token)
    if not is_held(held, now()):
        return _expired_page(request, held, office, token)
    form = _form(held, office, initial=_initial(held))
    return _contact_page(request, held, office, token, form)


def _store_contact(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    form = _form(held, office, request.POST)
    valid = form.is_valid()
    answers = form.answers() if valid else _typed_values(request)
    note_contact(booking=held.pk, contact=answers.contact, topic=answers.topic, now=now())
    if "extend" in request.POST:
        return _extend(request, held, office, token, "contact")
    if not is_held(held, now()):
        return _expired_page(request, held, office, token)
    if not valid:
        return _contact_page(request, held, office, token, form, status=422)
    return _redirect_to("check", token)


@of_booking("hold")
def check_answers_page(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The summary of all answers; the final button sends the request."""
    if held.requested_at:
        return _redirect_to("sent", token)
    if "extend" in request.POST:
        return _extend(request, held, office, token, "check")
    if not is_held(held, now()):
        return _expired_page(request, held, office, token)
    form = _form(held, office, _initial(held))
    if not form.is_valid():
        return _redirect_to("contact", token)
    answers = form.answers()
    if answers != _stored_answers(held):  # stored as typed while another answer was invalid
        held = note_contact(
            booking=held.pk, contact=answers.contact, topic=answers.topic, now=now()
        )
    if request.method == "POST":
        proceed = _store_suggested if "suggested" in request.POST else _request
        return proceed(request, held, office, token)
    return render_page(
        request,
        "check",
        office,
        suggested=suggest_address(held.email),
        rows=_rows(held, office, token),
        by_sms=not held.email,
        remote=held.mode != Mode.PERSON,
        confirm_min=office.rules_of(office.services[held.service_id]).confirm_min,
        back_url=reverse("citizen:contact", args=[token]),
        **_time_left(held, now()),
    )


@of_booking("hold")
def request_sent_page(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The page after the request; the message can be sent again, or to another address."""
    if not held.requested_at:
        return _redirect_to("contact", token)
    if corrected := replacement_of(held):
        return _redirect_to("sent", booking_links.sign_token(corrected.pk, "hold"))
    if request.method == "POST":
        return _send_again(request, held, office, token)
    waits = held.state == BookingState.UNCONFIRMED
    lapsed = bool(held.expires_at and held.expires_at <= now())
    return render_page(
        request,
        "sent",
        office,
        booking=held,
        facts=facts_with(facts_of(held, office), WHAT_AND_WHEN),
        by_sms=not held.email,
        again="znovu" in request.GET,
        suggested=suggest_address(held.email),
        waiting=waits and not lapsed,
        lapsed=held.state == BookingState.EXPIRED or (waits and lapsed),
        days_url=reverse("citizen:days", args=[office.slug, office.services[held.service_id].code]),
    )


def _store_suggested(
    _request: HttpRequest, held: Booking, _office: OfficeSnapshot, token: str
) -> HttpResponse:
    """Store the suggested correction of a mistyped e-mail address."""
    email = suggest_address(held.email) or held.email
    contact = replace(held.contact, email=email)
    note_contact(booking=held.pk, contact=contact, topic=held.topic, now=now())
    return _redirect_to("check", token)


def _send_again(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """Send the confirmation message again, or reopen the contact form with the slot kept."""
    try:
        limit_booking(request, office.row, REQUESTS, now=now())
        if "correct" in request.POST:
            corrected = correct_request(booking=held.pk, now=now())
            return _redirect_to("contact", booking_links.sign_token(corrected.pk, "hold"))
        count_try(CONFIRMATIONS, contact_hash(held.contact.key), now=now())
        ask_again_to_confirm(booking=held.pk, now=now())
    except ConfirmationTooLate:
        return _redirect_to("sent", token)  # that page shows that it is too late
    except (TooManyTries, TooManyHolds) as error:
        back_url = reverse("citizen:sent", args=[token])
        text = refusal_sentence(error)
        status = status_of(error)
        response = render_page(
            request, "refused", office, status=status, text=text, back_url=back_url
        )
        return mark_retry(response, error)
    return HttpResponseRedirect(reverse("citizen:sent", args=[token]) + "?znovu=1")


def _request(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    try:
        limit_booking(request, office.row, REQUESTS, now=now())
        count_try(CONFIRMATIONS, contact_hash(held.contact.key), now=now())
        booking = request_confirmation(
            booking=held.pk,
            contact=held.contact,
            now=now(),
            asker=asker_of(request, now=now()),
        )
    except HoldExpired:
        return _expired_page(request, held, office, token)
    except (TooManyBookings, TooManyUnconfirmed, TooManyTries, TooManyHolds) as error:
        form = _form(held, office, _initial(held))
        by_sms = not held.email
        text = limit_in_words(error, office, by_sms=by_sms)
        form.add_error("phone" if by_sms else "email", text)
        answer = _contact_page(request, held, office, token, form, status=status_of(error))
        return mark_retry(answer, error)
    if booking.state == BookingState.CONFIRMED:
        personal = booking_links.sign_token(booking.pk, "personal")
        return HttpResponseRedirect(reverse("citizen:booking", args=[personal]))
    return _redirect_to("sent", token)


def _extend(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str, back: str
) -> HttpResponse:
    try:
        limit_booking(request, office.row, HOLDS, now=now())
        extend_hold(booking=held.pk, now=now(), asker=asker_of(request, now=now()))
    except HoldExpired:
        return _expired_page(request, held, office, token)
    except (CannotExtend, TooManyHolds) as error:
        refused = render_page(
            request,
            "refused",
            office,
            status=status_of(error),
            text=refusal_sentence(error),
            back_url=reverse(f"citizen:{back}", args=[token]),
        )
        return mark_retry(refused, error)
    return _redirect_to(back, token)


def _contact_page(
    request: HttpRequest,
    held: Booking,
    office: OfficeSnapshot,
    token: str,
    form: ContactForm,
    status: int = 200,
) -> HttpResponse:
    service = office.services[held.service_id]
    return render_page(
        request,
        "contact",
        office,
        status=status,
        form=form,
        phones="phone" in form.fields,
        remote=held.mode != Mode.PERSON,
        action=reverse("citizen:contact", args=[token]),
        service=service,
        facts=facts_with(facts_of(held, office), WHAT_AND_WHEN),
        official=official_of(office, held),
        back_url=_change_url(held, office, "times", token),
        **_time_left(held, now()),
    )


def _expired_page(
    request: HttpRequest, held: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """410 for an expired hold: offers the nearest slots and keeps the answers."""
    service = office.services[held.service_id]
    newer_hold = own_hold(request, service, now())
    if newer_hold and newer_hold.pk != held.pk:
        return _replaced_page(request, held, newer_hold, office)
    max_persons = office.rules_of(service).max_persons
    wish = Wish(
        service, held.persons, token, official_of(office, held), _mode(held), asked=max_persons > 1
    )
    return render_page(
        request,
        "taken",
        office,
        status=410,
        text=refusal_sentence(HoldExpired()),
        wish=wish,
        **nearest_choices(office, wish, held.starts_at, now()),
    )


def _replaced_page(
    request: HttpRequest, held: Booking, newer_hold: Booking, office: OfficeSnapshot
) -> HttpResponse:
    """410 for a hold replaced in another tab: names the newer hold and links to it."""
    typed = _stored_answers(Booking.objects.get(pk=held.pk))
    if _is_filled(typed) and not _is_filled(_stored_answers(newer_hold)):
        note_contact(booking=newer_hold.pk, contact=typed.contact, topic=typed.topic, now=now())
    token = booking_links.sign_token(newer_hold.pk, "hold")
    return render_page(
        request,
        "chosen",
        office,
        status=410,
        when=when_of(newer_hold),
        own_url=reverse("citizen:contact", args=[token]),
        other_url=_change_url(newer_hold, office, "times", token),
    )


def _rows(held: Booking, office: OfficeSnapshot, token: str) -> list[dict[str, str]]:
    """Rows of the summary: each answer with a link to change it; the place has none."""
    # Telephone and topic are listed below, with a link to change them.
    facts = facts_without(facts_of(held, office), ("phone", "topic"))
    steps = {"service": "services", "appointment": "times", "official": "services"}
    if office.rules_of(office.services[held.service_id]).max_persons > 1:
        facts, steps["persons"] = _facts_with_persons(facts, held), "persons"
    rows = [
        {
            "key": fact.label,
            "value": fact.value,
            "url": _change_url(held, office, steps[fact.key], token) if fact.key in steps else "",
        }
        for fact in facts
    ]
    to_contact = reverse("citizen:contact", args=[token])
    answers = _initial(held) | {"phone": typography.phone(held.phone)}
    fields = ContactForm(phones=True, topic=True).fields
    return [
        *rows,
        *(
            {"key": str(fields[name].label), "value": value, "url": to_contact}
            for name, value in answers.items()
            if value
        ),
    ]


def _stored_answers(held: Booking) -> Answers:
    """The answers stored with the hold so far."""
    return Answers(held.contact, held.topic)


def _is_filled(answers: Answers) -> bool:
    return bool(answers.contact.filled or answers.topic)


def _initial(held: Booking) -> dict[str, str]:
    """The stored answers by the names of the form's fields."""
    return held.contact.fields | {"topic": held.topic}


def _form(held: Booking, office: OfficeSnapshot, *args: Any, **kwargs: Any) -> ContactForm:
    """The contact form with the fields that this service and mode of meeting need."""
    rules = office.rules_of(office.services[held.service_id])
    phones, topic = _takes_phones(office), rules.topic_line
    return ContactForm(*args, phones=phones, topic=topic, mode=held.mode, **kwargs)


def _takes_phones(office: OfficeSnapshot) -> bool:
    return takes_phones(office.row, now=now())


def _facts_with_persons(facts: list[Fact], held: Booking) -> list[Fact]:
    """The facts with the number of persons after the appointment, also if it is one."""
    persons = Fact("persons", _("Number of people"), str(held.persons))
    return [
        *facts_with(facts, WHAT_AND_WHEN),
        persons,
        *facts_without(facts, (*WHAT_AND_WHEN, "persons")),
    ]


def _change_url(held: Booking, office: OfficeSnapshot, step: str, token: str) -> str:
    """The address where an answer is changed; the hold stays until a new one replaces it."""
    service, slug = office.services[held.service_id], office.slug
    official = official_of(office, held)
    max_persons = office.rules_of(service).max_persons
    wish = Wish(service, held.persons, token, official, _mode(held), asked=max_persons > 1)
    if step == "services":
        instead = Wish(service, instead_of=token).query()
        return reverse("citizen:services", args=[slug]) + instead
    if step == "persons":
        return reverse("citizen:days", args=[slug, service.code]) + wish.query(persons=False)
    day = calendar.day_of(held.starts_at, office.tz).isoformat()
    return reverse("citizen:times", args=[slug, service.code, day]) + wish.query()


def _mode(held: Booking) -> str:
    """The chosen mode of meeting, or an empty string if the service has only one."""
    return held.mode if len(held.service.modes) > 1 else ""


def _time_left(held: Booking, at: datetime) -> dict[str, Any]:
    assert held.expires_at  # noqa: S101  # a hold has one, by constraint
    return {
        "held_until": held.expires_at,
        "seconds_left": max(0, int((held.expires_at - at).total_seconds())),
    }


def _typed_values(request: HttpRequest) -> Answers:
    """The invalid form's contact details cut to column lengths, only to be shown again."""
    typed = {name: clean_text(request.POST.get(name, ""))[:most] for name, most in LONGEST.items()}
    return Answers(Contact.from_fields(typed), typed["topic"])


def _redirect_to(name: str, token: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"citizen:{name}", args=[token]))
