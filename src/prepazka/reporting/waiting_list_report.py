"""The waiting lists in their order, and the offers made, for the person and the head."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prepazka.booking.models import Offer, WaitingListEntry, WaitingListState
from prepazka.core.waiting_list_rules import in_order_of_offers
from prepazka.offices.models import Agenda
from prepazka.offices.office_snapshot import OfficeSnapshot

IN_ORDER = (WaitingListState.WAITING, WaitingListState.OFFERED)
MOST_OFFERS = 200


@dataclass(frozen=True)
class Line:
    """An entry of the list without the person's name; `number` is its place now."""

    number: int
    entry: WaitingListEntry
    offers: int


@dataclass(frozen=True)
class Offered:
    """An offer that was made, with the entry's code and the start of its slot."""

    offer: Offer
    code: str
    starts_at: datetime | None


def entries_before(entry: WaitingListEntry) -> int:
    """How many entries of the agenda's list come before this one."""
    return WaitingListEntry.objects.filter(
        office=entry.office_id,
        service__agenda=entry.service.agenda_id,
        state__in=IN_ORDER,
        queued_at__lt=entry.queued_at,
    ).count()


def code_of(entry: WaitingListEntry) -> str:
    """A short code of the entry that reveals nothing about the person."""
    return entry.pk.hex[:6].upper()


def waiting_lists(office: OfficeSnapshot) -> list[tuple[Agenda, list[Line]]]:
    """The present lists by agenda, each in its order."""
    rows = WaitingListEntry.objects.filter(office=office.row, state__in=IN_ORDER)
    entries = list(rows.select_related("service").prefetch_related("offers"))
    return [
        (
            agenda,
            [
                Line(number, entry, len(entry.offers.all()))
                for number, entry in enumerate(
                    in_order_of_offers(e for e in entries if e.service.agenda_id == agenda.pk),
                    start=1,
                )
            ],
        )
        for agenda in office.agendas.values()
        if office.rules[agenda.pk].waiting_list
    ]


def offers_of(office: OfficeSnapshot) -> list[Offered]:
    """The last offers of the lists, newest first."""
    rows = (
        Offer.objects.filter(office=office.row, kind=Offer.Kind.WAITING_LIST)
        .select_related("entry__service")
        .prefetch_related("claims")
        .order_by("-created_at", "-pk")[:MOST_OFFERS]
    )
    offers = []
    for offer in rows:
        assert offer.entry is not None  # noqa: S101  # of the waiting list
        claim = next(iter(offer.claims.all()), None)
        offers.append(Offered(offer, code_of(offer.entry), claim.starts_at if claim else None))
    return offers
