"""A person's data on request: search, export, correct, erase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from prepazka.booking.models import Booking
from prepazka.core.booking_reference import reference_of
from prepazka.core.contact_text import LONGEST_NAME
from prepazka.core.refusal import Refused
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy.correction import correct_person
from prepazka.privacy.erasure import erase_person
from prepazka.privacy.personal_data_export import export_person, sections_of
from prepazka.privacy.records import IDENTITIES, Records, find_records, is_upcoming, mark_of
from prepazka.privacy.registry import ROOTS, WORDS_OF_VALUES, Root, registration_of
from prepazka.web import readings, staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.form_fields import AddressField, NameField, NumberField, contact_of_form
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

LONGEST = 320
CHANGED = "zaznamy"


class CorrectionForm(forms.Form):
    """Corrected values; an empty field leaves the stored value."""

    name = NameField(label=gettext_lazy("Correct name"), max_length=LONGEST_NAME, required=False)
    email = AddressField(label=gettext_lazy("Correct e-mail address"), required=False)
    phone = NumberField(label=gettext_lazy("Correct telephone number"), required=False)


@dataclass(frozen=True)
class Shown:
    """One record for the page's list."""

    mark: str
    title: str | Promise
    name: str
    contact: str
    when: datetime
    service: str
    state: str
    reference: str
    is_chosen: bool
    is_cancelled: bool  # by an erasure


@staff_only(*staff_access.ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Search for a person or do one step; by POST, so that no address or log has the name."""
    if request.method != "POST":
        return _page(request, office, member, words="")
    words = request.POST.get("hledat", "")[:LONGEST]
    step = request.POST.get("krok", "")
    moment = now()
    if step not in STEPS:
        readings.note_search(member, words, now=moment)
        return _page(request, office, member, words=words)
    common = {
        "office": office,
        "words": words,
        "seen_token": request.POST.get(CHANGED, ""),
        "chosen": request.POST.getlist("zaznam"),
        "identity": request.POST.get("totoznost", ""),
        "now": moment,
        "actor": member.user_id,
    }
    form = CorrectionForm(request.POST) if step == "opravit" else CorrectionForm()
    if form.is_bound and not form.is_valid():
        return _page(request, office, member, words=words, form=form)
    try:
        return STEPS[step](request, office, common, form)
    except Refused as refusal:
        return _page(
            request, office, member, words=words, form=form, problem=refusal_sentence(refusal)
        )


def _export(
    request: HttpRequest, office: OfficeSnapshot, common: dict[str, Any], form: CorrectionForm
) -> HttpResponse:
    copy = export_person(**common)
    name = f"osobni-udaje-{common['now'].astimezone(office.tz):%Y-%m-%d}.zip"
    response = HttpResponse(copy.content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _correct(
    request: HttpRequest, office: OfficeSnapshot, common: dict[str, Any], form: CorrectionForm
) -> HttpResponse:
    number = correct_person(**common, correction=contact_of_form(form))
    text = ngettext("%(n)s record was corrected.", "%(n)s records were corrected.", number)
    messages.success(request, text % {"n": number})
    return redirect("manager:privacy", office.slug)


def _erase(
    request: HttpRequest, office: OfficeSnapshot, common: dict[str, Any], form: CorrectionForm
) -> HttpResponse:
    erased = erase_person(**common, confirmed="rozumim" in request.POST)
    text = ngettext("%(n)s record was erased.", "%(n)s records were erased.", erased.records)
    sentences = [text % {"n": erased.records}]
    if erased.cancelled:
        text = ngettext(
            "%(n)s future booking was cancelled.",
            "%(n)s future bookings were cancelled.",
            erased.cancelled,
        )
        sentences.append(text % {"n": erased.cancelled})
    messages.success(request, " ".join(sentences))
    return redirect("manager:privacy", office.slug)


STEPS = {"vydat": _export, "opravit": _correct, "vymazat": _erase}


def _page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    *,
    words: str,
    form: CorrectionForm | None = None,
    problem: str = "",
) -> HttpResponse:
    records = Records()
    if words:
        try:
            records = find_records(office, words)
        except Refused as refusal:
            problem = problem or refusal_sentence(refusal)
    chosen = set(request.POST.getlist("zaznam")) if "krok" in request.POST else None
    moment = now()
    sections = sections_of(records) if records else []
    context = {
        "office": office.row,
        "member": member,
        "words": words,
        "problem": problem,
        "records": [_listed(office, root, row, chosen, moment) for root, row in records.rows()],
        "token": records.token if records else "",
        "sections": [(section.held.title, len(section.rows)) for section in sections],
        "ahead": sum(is_upcoming(booking, moment) for booking in records.bookings),
        "identities": IDENTITIES.items(),
        "identity": request.POST.get("totoznost", ""),
        "form": form or CorrectionForm(),
        "nobody": bool(words) and not records and not problem,
    }
    return render(request, "manager/privacy.html", context)


def _listed(
    office: OfficeSnapshot, root: Root, row: Any, chosen: set[str] | None, moment: datetime
) -> Shown:
    mark = mark_of(root, row)
    booking = row if root is Root.BOOKING else None
    if root is Root.PARTICIPANT:
        booking = row.meeting.booking
    return Shown(
        mark=mark,
        title=registration_of(ROOTS[root]).title,
        name=row.name,
        contact=", ".join(filter(None, (row.email, getattr(row, "phone", "")))),
        when=_when(root, row).astimezone(office.tz),
        service=_service(office, root, row),
        state=str(WORDS_OF_VALUES.get(getattr(row, "state", ""), "")),
        reference=reference_of(booking.pk) if booking else "",
        is_chosen=chosen is None or mark in chosen,
        is_cancelled=isinstance(row, Booking) and is_upcoming(row, moment),
    )


def _when(root: Root, row: Any) -> datetime:
    moments: dict[Root, Any] = {
        Root.BOOKING: lambda: row.starts_at,
        Root.ENTRY: lambda: row.created_at,
        Root.PARTICIPANT: lambda: row.meeting.booking.starts_at,
        Root.ALERT: lambda: row.asked_at,
    }
    moment: datetime = moments[root]()
    return moment


def _service(office: OfficeSnapshot, root: Root, row: Any) -> str:
    if root is Root.PARTICIPANT:
        return str(office.services[row.meeting.booking.service_id].name)
    return str(office.services[row.service_id].name)
