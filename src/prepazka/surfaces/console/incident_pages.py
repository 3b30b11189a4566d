"""Incidents: declaring that a system is down, with a preview; changing and ending them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.core import calendar
from prepazka.core.locales import language_name
from prepazka.core.refusal import Refused
from prepazka.offices import incident_texts
from prepazka.offices.languages import active_language
from prepazka.offices.models import Incident, Membership, Role, System
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.incidents import (
    Touched,
    change_incident,
    count_affected,
    declare_incident,
    end_incident,
    notices_still_due,
)
from prepazka.queueing.refusals import IncidentOver
from prepazka.web import staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

EVERYBODY = tuple(Role)
Cause = Incident.Cause
LONGEST_NOTE = 200
ALL_DAY = "day"
HOURS = {
    ALL_DAY: gettext_lazy("everybody booked today"),
    "4": gettext_lazy("everybody booked within four hours"),
    "2": gettext_lazy("everybody booked within two hours"),
    "0": gettext_lazy("nobody who has not arrived yet"),
}


class IncidentForm(forms.Form):
    """The failed system, cause, expected end, notes and who is notified."""

    system = forms.ChoiceField(
        label=gettext_lazy("What is not working"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what is not working.")},
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("What people read"), widget=forms.RadioSelect, initial=Cause.DOWN.value
    )
    expected = forms.TimeField(
        label=gettext_lazy("Will work again today at about"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=gettext_lazy("Leave empty if nobody knows yet."),
    )
    warn = forms.ChoiceField(
        label=gettext_lazy("Who with a booking gets a message"),
        widget=forms.RadioSelect,
        initial=ALL_DAY,
        choices=list(HOURS.items()),
    )

    changed_incident: Incident | None = None  # set by ChangeForm

    def __init__(self, office: OfficeSnapshot, moment: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.office, self.moment = office, moment
        down = {
            incident.system_id for incident in office.incidents if incident != self.changed_incident
        }
        free = [s for s in office.open_systems() if s.pk not in down and office.needing(s.pk)]
        self.systems: dict[str, System] = {s.code: s for s in free}
        self.fields["system"].choices = [  # type: ignore[attr-defined]
            (s.code, str(s.name)) for s in free
        ]
        if len(free) == 1:
            self.initial["system"] = free[0].code
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (code, text() % {"system": "…"}) for code, text in incident_texts.CAUSES.items()
        ]
        self.note_languages = _note_languages(office)
        for code in self.note_languages:
            self.fields[f"note_{code}"] = forms.CharField(
                label=_note_label(code), required=False, max_length=LONGEST_NOTE
            )
        if "warn" in self.fields:
            self.fields["warn"] = self.fields.pop("warn")  # the last one, after the sentences

    def clean_expected(self) -> datetime | None:
        """The expected end as an instant of today; a past one is an error."""
        clock_time = self.cleaned_data["expected"]
        if clock_time is None:
            return None
        day = calendar.day_of(self.moment, self.office.tz)
        at = calendar.local_instant(day, clock_time.hour * 60 + clock_time.minute, self.office.tz)
        if at <= self.moment and not (
            self.changed_incident and self.changed_incident.expected_at == at
        ):
            raise forms.ValidationError(_("This time has already passed."))
        return at

    def incident(self) -> Incident:
        """The form's incident, unsaved."""
        cleaned = self.cleaned_data
        note = {
            language: cleaned.get(f"note_{language}", "").strip()
            for language in self.note_languages
        }
        return Incident(
            office=self.office.row,
            system=self.systems[cleaned["system"]],
            cause=cleaned["cause"],
            note={language: text for language, text in note.items() if text},
            expected_at=cleaned["expected"],
            warn_hours=self.warn_hours(),
        )

    def warn_hours(self) -> int | None:
        """Bookings within so many hours are notified; None means all of today."""
        choice = self.cleaned_data["warn"]
        return None if choice == ALL_DAY else int(choice)


def _note_languages(office: OfficeSnapshot) -> list[str]:
    """The languages of the office's own sentence, the main one first."""
    return list(dict.fromkeys((settings.LANGUAGE_CODE, *office.row.languages)))


def _note_label(code: str) -> str:
    name = language_name(code, active_language())
    if code == settings.LANGUAGE_CODE:
        return _("Your own sentence (%(language)s)") % {"language": name}
    return _("The same (%(language)s)") % {"language": name}


class ChangeForm(IncidentForm):
    """The form for changing an open incident, without the choice of who is notified."""

    def __init__(
        self,
        incident: Incident,
        office: OfficeSnapshot,
        moment: datetime,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.changed_incident = incident
        super().__init__(office, moment, *args, **kwargs)
        del self.fields["warn"]
        at = incident.expected_at
        self.initial = {
            "system": incident.system.code,
            "cause": incident.cause,
            "expected": f"{at.astimezone(office.tz):%H:%M}" if at else "",
        } | {f"note_{code}": dict(incident.note).get(code, "") for code in self.note_languages}

    def warn_hours(self) -> int | None:
        """The hours chosen when the incident was declared."""
        assert self.changed_incident is not None  # noqa: S101  # a ChangeForm is of an incident
        return self.changed_incident.warn_hours


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def incidents_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Open incidents and the form; a post previews the impact, and with `apply` declares it."""
    _must_be_allowed(member)
    moment = now()
    form = IncidentForm(office, moment, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if "apply" in request.POST:
            return _declare(request, office, member, form, moment)
        return _preview(request, office, member, form, moment)
    context = _open_incidents(office, moment) | {"form": form}
    return render(request, "console/incidents.html", _page_context(office, member) | context)


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def change_incident_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, incident: int
) -> HttpResponse:
    """Change an incident; a post previews the impact, and with `apply` saves it."""
    _must_be_allowed(member)
    row = next((i for i in office.incidents if i.pk == incident), None)
    if row is None:
        get_object_or_404(Incident, pk=incident, office=office.row)
        messages.info(request, refusal_sentence(IncidentOver()))
        return redirect("console:incidents", office.slug)
    moment = now()
    form = ChangeForm(row, office, moment, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if "apply" in request.POST:
            return _change(request, office, member, form, row)
        return _preview(request, office, member, form, moment)
    context = {"form": form, "incident": row}
    return render(request, "console/incident_change.html", _page_context(office, member) | context)


@staff_only(*EVERYBODY)
@require_POST
def end_incident_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, incident: int
) -> HttpResponse:
    """End an incident; a repeated post changes nothing."""
    _must_be_allowed(member)
    get_object_or_404(Incident, pk=incident, office=office.row)
    ended = end_incident(incident=incident, now=now(), actor=member.user_id)
    text = _("%(system)s works again. Numbers are being called, and people are told.")
    messages.success(request, text % {"system": ended.system.name})
    return redirect("console:incidents", office.slug)


def _declare(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    form: IncidentForm,
    moment: datetime,
) -> HttpResponse:
    draft = form.incident()
    try:
        declare_incident(
            office=office,
            system=draft.system,
            cause=Cause(draft.cause),
            note=draft.note,
            expected_at=draft.expected_at,
            warn_hours=draft.warn_hours,
            now=moment,
            actor=member.user_id,
        )
        messages.success(request, _("Declared. Everybody can read it now."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("console:incidents", office.slug)


def _change(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    form: ChangeForm,
    incident: Incident,
) -> HttpResponse:
    draft = form.incident()
    try:
        informed = change_incident(
            incident=incident.pk,
            system=draft.system,
            cause=Cause(draft.cause),
            note=draft.note,
            expected_at=draft.expected_at,
            now=form.moment,
            actor=member.user_id,
        )
        text = ngettext(
            "Changed; everybody can read it now. %(n)s person who was told is told again.",
            "Changed; everybody can read it now. %(n)s people who were told are told again.",
            informed,
        )
        changed = _("Changed; everybody can read it now.")
        messages.success(request, text % {"n": informed} if informed else changed)
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("console:incidents", office.slug)


def _preview(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    form: IncidentForm,
    moment: datetime,
) -> HttpResponse:
    draft, changed = form.incident(), form.changed_incident
    moved = changed is not None and changed.expected_at != draft.expected_at
    hours = draft.warn_hours
    services = office.needing(draft.system_id)
    informed_again = (
        notices_still_due(changed, moment).filter(booking__service__in=services)
        if changed
        else None
    )
    context = {
        "incident": draft,
        "known": changed,
        "again": informed_again.count() if informed_again is not None and moved else 0,
        "other": changed is not None and changed.system_id != draft.system_id,
        "services": services,
        "touched": _touched(office, draft, moment),
        "texts": _texts(draft, office),
        "warn": HOURS[ALL_DAY if hours is None else str(hours)],
        "said": [(name, request.POST.get(name, "")) for name in form.fields],
    }
    return render(request, "console/incident.html", _page_context(office, member) | context)


def _open_incidents(office: OfficeSnapshot, moment: datetime) -> dict[str, Any]:
    return {
        "open": [
            {
                "incident": incident,
                "services": office.stopped_by(incident),
                "touched": _touched(office, incident, moment),
                "told": incident.notices.count(),
                "texts": _texts(incident, office),
            }
            for incident in office.incidents
        ],
        "any": any(office.needing(s.pk) for s in office.open_systems()),
    }


def _touched(office: OfficeSnapshot, incident: Incident, moment: datetime) -> Touched:
    return count_affected(
        office=office, system=incident.system, warn_hours=incident.warn_hours, now=moment
    )


def _texts(incident: Incident, office: OfficeSnapshot) -> list[tuple[str, str]]:
    """The incident's public text in each language of the office."""
    texts = []
    for language in office.row.languages or [settings.LANGUAGE_CODE]:
        with override(language):
            texts.append((language, incident_texts.incident_in_words(incident, office)))
    return texts


def _page_context(office: OfficeSnapshot, member: Membership) -> dict[str, Any]:
    return {"office": office.row, "member": member}


def _must_be_allowed(member: Membership) -> None:
    if not staff_access.may_declare(member):
        raise PermissionDenied
