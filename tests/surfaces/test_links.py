"""Every link of every page is followed: of citizens, of staff and of paired devices, in every language.

Of a kind of address in one office three are followed; more of them differ in their days only.
"""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from prepazka.booking import booking_lifecycle, booking_links
from prepazka.booking.models import Booking
from prepazka.booking.slot_search import search_slots
from prepazka.core import calendar
from prepazka.core.contact import Contact
from prepazka.meetings import participants
from prepazka.officefile import office_loading, presets
from prepazka.offices.clock import now
from prepazka.offices.models import HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import tickets
from tests import town

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]

OF_A_KIND = 3
LEADS_OUT = {"account_logout"}  # no page
ELEMENTS = set(
    "a abbr address article aside audio b body br button caption canvas circle code col colgroup dd "
    "details dfn div dl dt em fieldset figcaption figure footer form g h1 h2 h3 h4 head header hr "
    "html i iframe img input kbd label legend li line link main meta meter nav noscript ol optgroup "
    "option output p path polyline polygon pre progress rect s script section select small source "
    "span strong style sub summary sup svg symbol table tbody td template text textarea tfoot th "
    "thead time title tr track u ul use video".split()
)


class Page(HTMLParser):
    """The links and the elements of a page."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.elements: Counter[str] = Counter()
        self.is_hidden = False
        self.feed(body)

    def handle_endtag(self, tag: str) -> None:
        self.is_hidden = self.is_hidden and tag != "p"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.elements[tag] += 1
        self.anchors.add(values.get("id") or "")
        if tag == "p":
            self.is_hidden = "hidden" in values  # until a script shows it
        if tag == "a" and not self.is_hidden:
            self.links.add(values.get("href") or "")


def faults(page: Page, path: str) -> list[str]:
    """Elements that no browser knows, and links to parts of the page that are not there."""
    unknown = [f"{path}: <{one}>" for one in page.elements.keys() - ELEMENTS]
    parts = [urlsplit(one).fragment for one in page.links if one.startswith("#")]
    return unknown + [f"{path}: #{one}" for one in parts if one not in page.anchors]


def walk(client: Client, starts: list[str]) -> tuple[list[str], Counter[str]]:
    """Follow everything from the starts on; what is dead, and how many pages of a kind were seen."""
    waiting, seen, dead = list(starts), set(starts), []
    kinds: Counter[str] = Counter()
    visited: Counter[tuple[Any, ...]] = Counter()
    while waiting:
        path = waiting.pop()
        answer = client.get(path)
        if answer.status_code in (301, 302):
            found = {answer["Location"]}
        elif answer.status_code != 200:
            dead.append(f"{path}: {answer.status_code}")
            continue
        elif "text/html" not in answer["Content-Type"]:
            continue
        else:
            page = Page(answer.content.decode())
            dead += faults(page, path)
            found = page.links
            kinds[name_of(path)] += 1
        for link in sorted(found):
            address = urlsplit(urljoin(f"http://testserver{path}", link))
            if address.scheme in ("mailto", "tel") or (address.netloc != "testserver"):
                continue
            match = address_of(address.path)
            if match is None:
                dead.append(f"{path}: {link!r} leads nowhere")
                continue
            whole = address.path + (f"?{address.query}" if address.query else "")
            kind = (match.view_name, language_of(address.path), match.kwargs.get("slug"))
            if whole in seen or match.view_name in LEADS_OUT or visited[kind] >= OF_A_KIND:
                continue
            seen.add(whole)
            visited[kind] += 1
            waiting.append(whole)
    return dead, kinds


def language_of(path: str) -> str:
    return translation.get_language_from_path(path) or "cs"


def address_of(path: str) -> ResolverMatch | None:
    """What answers at the path in the language that it names."""
    with translation.override(language_of(path)):
        try:
            return resolve(path)
        except Resolver404:
            return None


def name_of(path: str) -> str:
    match = address_of(urlsplit(path).path)
    return match.view_name if match else ""


def office(preset: str) -> OfficeSnapshot:
    return snapshot_of(office_loading.load(presets.preset_text(preset), now=now()).office)


def open_today(where: OfficeSnapshot) -> OfficeSnapshot:
    """The office, open at whatever hour and day the test runs."""
    zone = town.zone_by_day(now())
    today = calendar.day_of(now(), zone)
    HoursException.objects.create(
        office=where.row, kind="instead", from_date=today, to_date=today, opens=0, closes=1440
    )
    version = where.row.version + 1
    Office.objects.filter(pk=where.office_id).update(timezone=zone.key, version=version)
    return snapshot_of(Office.objects.get(pk=where.office_id))


def held(where: OfficeSnapshot, service: str, mode: str | None = None) -> Booking:
    """A hold of the first free slot."""
    one = town.service(where, service)
    slot = search_slots(office=where, service=one, now=now(), mode=mode)[0]
    return booking_lifecycle.hold_slot(
        office=where, service=one, starts_at=slot.starts_at, now=now(), mode=mode, language="cs"
    )


def requested(
    where: OfficeSnapshot, service: str, mode: str | None = None, email: str = "jana@example.cz"
) -> Booking:
    return booking_lifecycle.request_confirmation(
        booking=held(where, service, mode).pk,
        contact=Contact(name="Jana Nováková", email=email, phone="+420777123456"),
        now=now(),
    )


def test_pages_of_everybody(client: Client) -> None:
    for preset in presets.preset_names():
        office(preset)
    dead, kinds = walk(client, ["/"])
    assert dead == []
    assert {"citizen:times", "citizen:privacy", "citizen:official", "monitor:office"} <= set(kinds)


def test_pages_of_a_booking(client: Client) -> None:
    krumlov, praha = open_today(office("cesky-krumlov")), office("praha-6")
    form = held(krumlov, "prepis-vozidla")
    client.post(
        f"/termin/{booking_links.sign_token(form.pk, 'hold')}/",
        {"name": "Jan", "email": "jan@example.cz"},
    )
    waits = requested(krumlov, "prepis-vozidla")
    confirmed = booking_lifecycle.confirm_booking(
        booking=requested(krumlov, "ridicsky-prukaz", email="eva@example.cz").pk, now=now()
    )
    by_video = requested(praha, "stavebni-upravy", "video")
    cancelled = requested(praha, "parkovani", email="ota@example.cz")
    booking_lifecycle.cancel_booking(booking=cancelled.pk, now=now())
    ticket = tickets.issue_ticket(
        office=krumlov,
        service=town.service(krumlov, "vypis-bodu"),
        touch=uuid4(),
        now=now(),
    )
    participants.meeting_for(by_video, now())
    guest = participants.citizen_of(by_video)
    assert guest
    starts = [
        f"/termin/{booking_links.sign_token(form.pk, 'hold')}/kontrola/",
        f"/termin/{booking_links.sign_token(waits.pk, 'hold')}/odeslano/",
        f"/potvrzeni/{booking_links.sign_token(waits.pk, 'confirm')}/",
        *(
            f"/objednavka/{booking_links.sign_token(one.pk, 'personal')}/"
            for one in (waits, confirmed, by_video, cancelled)
        ),
        participants.room_path(guest, "praha6"),
        f"/t/{ticket.code}/",
    ]
    dead, kinds = walk(client, [prefix + path for path in starts for prefix in ("", "/en")])
    assert dead == []
    assert {"citizen:check", "citizen:people", "citizen:move_times", "ticket:page"} <= set(kinds)


def test_pages_of_staff(client: Client) -> None:
    where = office("praha-6")
    client.force_login(town.clerk(where, role="administrator"))
    requested(where, "stavebni-upravy")
    dead, kinds = walk(client, ["/pult/praha6/", "/sprava/praha6/", "/en/pult/praha6/"])
    assert dead == []
    assert {"console:desk", "manager:quotas", "console:diary"} <= set(kinds)
