"""The sections of the office file with their fields, for forms and for the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prepazka.officefile import file_plan
from prepazka.officefile.booking_rules_section import RULES
from prepazka.officefile.declarations import Field, fields_of
from prepazka.officefile.file_limits_section import LIMITS
from prepazka.officefile.hours_section import (
    AGENDA_TIMES,
    OFFICE_TIMES,
    OFFICIAL_TIMES,
    PART_TIMES,
)
from prepazka.officefile.message_section import MESSAGES
from prepazka.officefile.phrases import Phrase
from prepazka.officefile.phrases import phrase as _


@dataclass(frozen=True)
class FileSection:
    """A section; `path` has the keys above its fields, with `*` for the codes of parts."""

    path: str
    title: Phrase
    fields: tuple[Field[Any], ...]


SECTIONS: tuple[FileSection, ...] = (
    FileSection("office", _("Office"), fields_of(file_plan.OfficeSection)),
    FileSection("", _("Hours and crest"), OFFICE_TIMES + fields_of(file_plan.CrestSection)),
    FileSection("policy", _("Queue and rules"), fields_of(file_plan.PolicySection)),
    FileSection("video", _("Meetings by video"), fields_of(file_plan.VideoSection) + LIMITS),
    FileSection("messages", _("Messages"), MESSAGES),
    FileSection("departments.*", _("Departments"), fields_of(file_plan.DepartmentPlan)),
    FileSection("systems.*", _("Systems"), fields_of(file_plan.SystemPlan)),
    FileSection(
        "agendas.*",
        _("Areas of service"),
        fields_of(file_plan.AgendaPlan) + file_plan.SERVICE_DEFAULTS + AGENDA_TIMES,
    ),
    FileSection("agendas.*.booking", _("Booking rules"), RULES),
    FileSection(
        "agendas.*.services.*", _("Services"), fields_of(file_plan.ServicePlan) + PART_TIMES
    ),
    FileSection("counters.*", _("Counters"), fields_of(file_plan.CounterPlan) + PART_TIMES),
    FileSection("officials.*", _("Officials"), fields_of(file_plan.OfficialPlan) + OFFICIAL_TIMES),
    FileSection("kiosks.*", _("Kiosks"), file_plan.DEVICE_FIELDS["kiosk"]),
    FileSection("displays.*", _("Displays"), file_plan.DEVICE_FIELDS["display"]),
)
