"""A small office whose officials are booked by name: two of them share a topic."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking
from prepazka.officefile.office_loading import load
from prepazka.offices.models import Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug, snapshot_of
from tests import town

FILE = """\
office:
  code: lhota
  name: {cs: Městský úřad Lhota, en: Lhota Town Office}
  address: Náměstí 1, Lhota
  phone: 353 000 111
  languages: [cs, en]
hours:
  mon: "8:00-12:00"
  tue: "8:00-12:00"
departments:
  vystavba: {name: {cs: Odbor výstavby, en: Building department}}
agendas:
  stavby:
    letter: S
    name: {cs: Stavby, en: Buildings}
    department: vystavba
    booking: {kind: slot, starts every: 15 min, horizon: 30 days, confirm within: none, lead: 0 min}
    services:
      ohlaseni: {name: {cs: Ohlášení stavby, en: Notice of a building}, duration: 15 min, walk-in: no}
      povoleni: {name: {cs: Stavební povolení, en: Building permit}, duration: 30 min, walk-in: no}
  matrika:
    letter: M
    name: Matrika
    booking: {window: 60 min}
    services:
      rodny-list: {name: Rodný list, duration: 10 min}
counters:
  p1: {number: 1, serves: all}
  d12: {number: 12, serves: stavby}
officials:
  novakova:
    name: {cs: Ing. Jana Nováková, en: Ing. Jana Nováková}
    department: vystavba
    counter: d12
    topics: stavby
    place: 2. patro, dveře 12
    phone: 353 000 112
    email: novakova@lhota.example
    hours: {mon: "8:00-10:00, 17:00-19:00"}
  dvorak:
    name: Petr Dvořák
    department: vystavba
    topics: [ohlaseni]
    hours: {mon: "9:00-10:00", tue: "9:00-10:00"}
    buffer: 15 min
    exceptions:
      - {closed: 2026-12-07, reason: u lékaře}
      - {extra: 2026-12-12, times: "9:00-9:30"}
"""


def office(text: str = FILE) -> OfficeSnapshot:
    """The office of the file, possibly changed."""
    load(text, now=town.FRIDAY_BEFORE)
    return snapshot_by_slug("lhota")


def moved_to(where: OfficeSnapshot, zone: ZoneInfo) -> OfficeSnapshot:
    """The office in that time zone."""
    if where.tz != zone:
        Office.objects.filter(pk=where.office_id).update(
            timezone=zone.key, version=F("version") + 1
        )
    return snapshot_of(Office.objects.get(pk=where.office_id))


def official(where: OfficeSnapshot, code: str = "novakova") -> Official:
    found = where.official_by_code(code)
    assert found
    return found


def hold(
    where: OfficeSnapshot,
    clock: str = "9:00",
    code: str | None = None,
    *,
    service: str = "ohlaseni",
    now: datetime = town.FRIDAY_BEFORE,
    **more: Any,
) -> Booking:
    """A held slot, with the official of that code or with anybody."""
    return booking_lifecycle.hold_slot(
        office=where,
        service=town.service(where, service),
        starts_at=town.at(clock),
        now=now,
        official=official(where, code) if code else None,
        **more,
    )


def whose(booking: Booking) -> str:
    """The code of the official whom the booking is with."""
    found = booking.lane.official
    assert found
    return str(found.code)
