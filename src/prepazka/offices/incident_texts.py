"""Sentences about an incident, in the active language: for screens, paper and messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from prepazka.offices.models import Incident
from prepazka.offices.office_snapshot import OfficeSnapshot

# Functions, so that each call translates into the language that is active then.
CAUSES: dict[str, Callable[[], str]] = {
    Incident.Cause.DOWN: lambda: _("%(system)s does not work."),
    Incident.Cause.UNREACHABLE: lambda: _("The office has no connection to: %(system)s."),
    Incident.Cause.MAINTENANCE: lambda: _("%(system)s is switched off for maintenance."),
    Incident.Cause.POWER: lambda: _("There is a power cut, so %(system)s does not work."),
}


def cause_in_words(incident: Incident) -> str:
    """What has happened, as one sentence."""
    return CAUSES[incident.cause]() % {"system": incident.system.name}


def end_in_words(incident: Incident, tz: tzinfo) -> str:
    """When it should work again, as one sentence."""
    if incident.expected_at is None:
        return _("It is not known yet when it will work again.")
    at = date_format(incident.expected_at.astimezone(tz), "G:i")
    return _("It should be working again at about %(time)s.") % {"time": at}


def incident_in_words(incident: Incident, office: OfficeSnapshot) -> str:
    """What has happened, the office's own sentence, and until when, as one text."""
    note = str(incident.note)
    return " ".join(
        filter(None, [cause_in_words(incident), note, end_in_words(incident, office.tz)])
    )


def incident_in_languages(incident: Incident, office: OfficeSnapshot) -> dict[str, str]:
    """The text of `said_of` in every language of the office, by language code."""
    texts = {}
    for language in office.row.languages or [settings.LANGUAGE_CODE]:
        with translation.override(language):
            texts[language] = incident_in_words(incident, office)
    return texts
