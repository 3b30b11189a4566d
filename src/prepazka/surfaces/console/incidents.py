"""A system that is down: first whom it touches, then one press; corrected, and ended, the same way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.core import calendar
from prepazka.core.refusal import Refused
from prepazka.offices import incidents as words
from prepazka.offices.directory import Directory
from prepazka.offices.models import Incident, Membership, Role, System
from prepazka.queueing.incidents import (
    Touched,
    change_incident,
    concerned,
    declare_incident,
    end_incident,
    touched,
)
from prepazka.queueing.refusals import IncidentOver
from prepazka.web import staff
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

EVERYBODY = tuple(Role)
Cause = Incident.Cause
LONGEST_NOTE = 200
ALL_DAY = "day"
HOURS = {
    ALL_DAY: gettext_lazy("everybody booked today"),
    "4": gettext_lazy("whoever is booked within four hours"),
    "2": gettext_lazy("whoever is booked within two hours"),
    "0": gettext_lazy("nobody who is not here yet"),
}


class IncidentForm(forms.Form):
    """What is down, why, until when, and who is told."""

    system = forms.ChoiceField(
        label=gettext_lazy("What does not work"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what does not work.")},
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("What people read"), widget=forms.RadioSelect, initial=Cause.DOWN.value
    )
    expected = forms.TimeField(
        label=gettext_lazy("Works again today at about"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=gettext_lazy("Empty: nobody knows yet."),
    )
    note_cs = forms.CharField(
        label=gettext_lazy("Your own sentence in Czech"), required=False, max_length=LONGEST_NOTE
    )
    note_en = forms.CharField(
        label=gettext_lazy("The same in English"), required=False, max_length=LONGEST_NOTE
    )
    warn = forms.ChoiceField(
        label=gettext_lazy("Who of the booked gets a message"),
        widget=forms.RadioSelect,
        initial=ALL_DAY,
        choices=list(HOURS.items()),
    )

    known: Incident | None = None  # the one that is corrected

    def __init__(self, office: Directory, moment: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.office, self.moment = office, moment
        down = {one.system_id for one in office.incidents if one != self.known}
        free = [s for s in office.open_systems() if s.pk not in down and office.needing(s.pk)]
        self.systems: dict[str, System] = {s.code: s for s in free}
        self.fields["system"].choices = [  # type: ignore[attr-defined]
            (s.code, str(s.name)) for s in free
        ]
        if len(free) == 1:
            self.initial["system"] = free[0].code
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (code, said() % {"system": "…"}) for code, said in words.CAUSES.items()
        ]
        if "en" not in office.office.languages:
            del self.fields["note_en"]

    def clean_expected(self) -> datetime | None:
        """The moment of today; one that has passed helps nobody."""
        said = self.cleaned_data["expected"]
        if said is None:
            return None
        day = calendar.day_of(self.moment, self.office.tz)
        at = calendar.local_instant(day, said.hour * 60 + said.minute, self.office.tz)
        if at <= self.moment and not (self.known and self.known.expected_at == at):
            raise forms.ValidationError(_("This time has passed already."))
        return at

    def incident(self) -> Incident:
        """What was filled in, not saved."""
        said = self.cleaned_data
        note = {language: said.get(f"note_{language}", "").strip() for language in ("cs", "en")}
        return Incident(
            office=self.office.office,
            system=self.systems[said["system"]],
            cause=said["cause"],
            note={language: text for language, text in note.items() if text},
            expected_at=said["expected"],
            warn_hours=self.warn_hours(),
        )

    def warn_hours(self) -> int | None:
        """Within how many hours the booked are told; None: all of today."""
        said = self.cleaned_data["warn"]
        return None if said == ALL_DAY else int(said)


class ChangeForm(IncidentForm):
    """The same of an incident that lasts; who is told was decided when it was declared."""

    def __init__(
        self, known: Incident, office: Directory, moment: datetime, *args: Any, **kwargs: Any
    ) -> None:
        self.known = known
        super().__init__(office, moment, *args, **kwargs)
        del self.fields["warn"]
        at = known.expected_at
        self.initial = {
            "system": known.system.code,
            "cause": known.cause,
            "expected": f"{at.astimezone(office.tz):%H:%M}" if at else "",
            "note_cs": dict(known.note).get("cs", ""),
            "note_en": dict(known.note).get("en", ""),
        }

    def warn_hours(self) -> int | None:
        """As it was declared."""
        assert self.known is not None  # noqa: S101  # a ChangeForm is of an incident
        return self.known.warn_hours


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """What is down now, and the form; then whom it touches; then it is declared."""
    _must_be_allowed(member)
    moment = now()
    form = IncidentForm(office, moment, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if "apply" in request.POST:
            return _declare(request, office, member, form, moment)
        return _preview(request, office, member, form, moment)
    context = _open(office, moment) | {"form": form}
    return render(request, "console/incidents.html", _frame(office, member) | context)


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def change(
    request: HttpRequest, office: Directory, member: Membership, incident: int
) -> HttpResponse:
    """What is said of an incident is corrected: the form, then what follows, then it is so."""
    _must_be_allowed(member)
    found = next((one for one in office.incidents if one.pk == incident), None)
    if found is None:
        get_object_or_404(Incident, pk=incident, office=office.office)
        messages.info(request, sentence(IncidentOver()))
        return redirect("console:incidents", office.office.slug)
    moment = now()
    form = ChangeForm(found, office, moment, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if "apply" in request.POST:
            return _change(request, office, member, form, found)
        return _preview(request, office, member, form, moment)
    context = {"form": form, "incident": found}
    return render(request, "console/incident_change.html", _frame(office, member) | context)


@staff_only(*EVERYBODY)
@require_POST
def end(request: HttpRequest, office: Directory, member: Membership, incident: int) -> HttpResponse:
    """It works again. Pressed twice, it is the same."""
    _must_be_allowed(member)
    get_object_or_404(Incident, pk=incident, office=office.office)
    ended = end_incident(incident=incident, now=now(), actor=member.user_id)
    said = _("%(system)s works again. Numbers are being called, and people are told.")
    messages.success(request, said % {"system": ended.system.name})
    return redirect("console:incidents", office.office.slug)


def _declare(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    form: IncidentForm,
    moment: datetime,
) -> HttpResponse:
    wanted = form.incident()
    try:
        declare_incident(
            office=office,
            system=wanted.system,
            cause=Cause(wanted.cause),
            note=wanted.note,
            expected_at=wanted.expected_at,
            warn_hours=wanted.warn_hours,
            now=moment,
            actor=member.user_id,
        )
        messages.success(request, _("Declared. Everybody can read it now."))
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("console:incidents", office.office.slug)


def _change(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    form: ChangeForm,
    incident: Incident,
) -> HttpResponse:
    wanted = form.incident()
    try:
        told = change_incident(
            incident=incident.pk,
            system=wanted.system,
            cause=Cause(wanted.cause),
            note=wanted.note,
            expected_at=wanted.expected_at,
            now=form.moment,
            actor=member.user_id,
        )
        said = ngettext(
            "Changed; everybody can read it now. %(n)s person who was told is told again.",
            "Changed; everybody can read it now. %(n)s people who were told are told again.",
            told,
        )
        changed = _("Changed; everybody can read it now.")
        messages.success(request, said % {"n": told} if told else changed)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("console:incidents", office.office.slug)


def _preview(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    form: IncidentForm,
    moment: datetime,
) -> HttpResponse:
    wanted, known = form.incident(), form.known
    moved = known is not None and known.expected_at != wanted.expected_at
    hours = wanted.warn_hours
    services = office.needing(wanted.system_id)
    again = concerned(known, moment).filter(booking__service__in=services) if known else None
    context = {
        "incident": wanted,
        "known": known,
        "again": again.count() if again is not None and moved else 0,
        "other": known is not None and known.system_id != wanted.system_id,
        "services": services,
        "touched": _touched(office, wanted, moment),
        "texts": _texts(wanted, office),
        "warn": HOURS[ALL_DAY if hours is None else str(hours)],
        "said": [(name, request.POST.get(name, "")) for name in form.fields],
    }
    return render(request, "console/incident.html", _frame(office, member) | context)


def _open(office: Directory, moment: datetime) -> dict[str, Any]:
    return {
        "open": [
            {
                "incident": one,
                "services": office.stopped_by(one),
                "touched": _touched(office, one, moment),
                "told": one.warned.count(),
                "texts": _texts(one, office),
            }
            for one in office.incidents
        ],
        "any": any(office.needing(s.pk) for s in office.open_systems()),
    }


def _touched(office: Directory, incident: Incident, moment: datetime) -> Touched:
    return touched(
        office=office, system=incident.system, warn_hours=incident.warn_hours, now=moment
    )


def _texts(incident: Incident, office: Directory) -> list[tuple[str, str]]:
    """What people read, in each language of the office."""
    found = []
    for language in office.office.languages or ["cs"]:
        with override(language):
            found.append((language, words.said_of(incident, office)))
    return found


def _frame(office: Directory, member: Membership) -> dict[str, Any]:
    return {"office": office.office, "member": member}


def _must_be_allowed(member: Membership) -> None:
    if not staff.may_declare(member):
        raise PermissionDenied
