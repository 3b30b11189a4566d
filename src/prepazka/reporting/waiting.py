"""The waiting list in its order, and who was offered what: for the person and for the head."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prepazka.booking.models import Offer, WaitingListEntry
from prepazka.core.waiting import in_order
from prepazka.offices.directory import Directory
from prepazka.offices.models import Agenda

IN_ORDER = (WaitingListEntry.State.WAITING, WaitingListEntry.State.OFFERED)
MOST_OFFERS = 200


@dataclass(frozen=True)
class Line:
    """Somebody on the list; `number` is their place in it now, and who they are is not said."""

    number: int
    entry: WaitingListEntry
    offers: int


@dataclass(frozen=True)
class Offered:
    """An offer that was made: of which term, to whom in the order of joining, with what end."""

    offer: Offer
    code: str
    starts_at: datetime | None


def before(entry: WaitingListEntry) -> int:
    """How many people on the list of the agenda come before this one."""
    return WaitingListEntry.objects.filter(
        office=entry.office_id,
        service__agenda=entry.service.agenda_id,
        state__in=IN_ORDER,
        queued_at__lt=entry.queued_at,
    ).count()


def code_of(entry: WaitingListEntry) -> str:
    """A name for an entry that says nothing of the person."""
    return entry.pk.hex[:6].upper()


def lists(office: Directory) -> list[tuple[Agenda, list[Line]]]:
    """The lists of the agendas as they stand, each in its order."""
    rows = WaitingListEntry.objects.filter(office=office.office, state__in=IN_ORDER)
    known = list(rows.select_related("service").prefetch_related("offers"))
    return [
        (
            agenda,
            [
                Line(number, one, len(one.offers.all()))
                for number, one in enumerate(
                    in_order(e for e in known if e.service.agenda_id == agenda.pk), start=1
                )
            ],
        )
        for agenda in office.agendas.values()
        if office.rules[agenda.pk].waiting_list
    ]


def offers_of(office: Directory) -> list[Offered]:
    """The last offers of the lists, the newest first."""
    rows = (
        Offer.objects.filter(office=office.office, kind=Offer.Kind.WAITING_LIST)
        .select_related("entry__service")
        .prefetch_related("claims")
        .order_by("-created_at", "-pk")[:MOST_OFFERS]
    )
    found = []
    for one in rows:
        assert one.entry is not None  # noqa: S101  # of the waiting list
        claim = next(iter(one.claims.all()), None)
        found.append(Offered(one, code_of(one.entry), claim.starts_at if claim else None))
    return found
