"""Every form of every page, sent wrongly in every way, by everybody who sees it: never a 5xx.

The addresses are those of the strangers' walk. An address that takes a POST and that no form of a
page leads to fails the test, unless BY_SCRIPT says what a script sends there, which is then sent
wrongly too. `PREPAZKA_FUZZ=1` sends everything as everybody; the ordinary run sends a fixed part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve

from prepazka.booking import booking_links, calendar_feeds, call_entries, offers, slot_search
from prepazka.booking.models import (
    Booking,
    BookingState,
    CallListEntry,
    Lane,
    Offer,
    WaitingListEntry,
)
from prepazka.core.interval import Interval
from prepazka.meetings import participant_links
from prepazka.officefile.office_loading import load
from prepazka.offices import clock, office_snapshot
from prepazka.offices.models import (
    HoursException,
    Incident,
    Membership,
    Office,
    Role,
    System,
)
from prepazka.queueing import counters, tickets, turns
from prepazka.surfaces.kiosk import outcome_screens
from prepazka.web import door_passes
from prepazka.web.inbound_sms import callback_token
from tests import halls, meetings_town, officials, town
from tests.raw_requests import FORM, Program, Reply, cookies_of
from tests.surfaces.test_strangers import (
    API,
    BY_SECRET,
    DEMO,
    DEVICE,
    EVERY,
    OWN,
    PUBLIC,
    STAFF,
    Address,
)
from tests.web_forms import TOKEN, Form, encoded, multipart, mutated, read_page, target_of

pytestmark = pytest.mark.django_db
WHOLE = bool(os.environ.get("PREPAZKA_FUZZ"))
NOW = town.at("9:40")
OTHER_LANGUAGE = re.compile(f"^/(?:{'|'.join(code for code, _ in settings.LANGUAGES[1:])})/")
SECRET = "a" * 32  # of the protection against foreign forms: cookie and field are the same
NOBODY, KIOSK, PANEL = "nobody", "kiosk", "panel"

CODES = ["prepis", "ohlaseni", "vozidla", "stavby", "novakova", "vystavba", "kiosk", "p1"]
# Which secret an address takes, by its name or by the part of the program it belongs to.
TOKEN_OF = {
    "citizen:contact": "hold",
    "citizen:check": "hold",
    "citizen:sent": "hold",
    "citizen:confirm": "confirm",
    "citizen:waiting": "list",
    "citizen:place": "place",
    "citizen:offer": "offer",
    "citizen:offer_another": "offer",
    "citizen:offer_times": "offer",
    "citizen": "personal",
    "door:choose": "door",
    "short_link": "short",
    "short_cancel": "short",
    "callbacks": "callback",
    "kiosk": "answer",
    "room": "room",
    "ticket": "ticket",
    "feed": "feed",
}

# What scripts of pages and programs send where no form of a page leads: its fields.
PERSON = ("name", "email", "phone")
BY_SCRIPT: dict[str, tuple[str, ...]] = {
    "account_lock": ("page", "next"),
    "account_screen": ("ago",),
    "account_second_factor_seen": ("next",),
    "account_unlock": ("password", "next"),
    "account_wrong_passwords_seen": ("next",),
    "callbacks:sms": ("messageId", "status", "from", "message", "id"),
    "citizen:booking": ("name", *PERSON),
    "citizen:check": ("name", "send", "topic", *PERSON),
    "citizen:mode": ("mode", "phone"),
    "citizen:move_times": ("starts_at", "key"),
    "citizen:offer_another": ("starts_at", "choice", "call"),
    "citizen:offer_times": ("starts_at", "choice", "key"),
    "citizen:people": ("do", "which", "language", *PERSON),
    "console:cancel": ("reason", "key"),
    "console:fill_in": ("topic", "note", "language", *PERSON),
    "console:incident_change": ("system", "cause", "note_cs", "note_en", "expected", "warn"),
    "console:incident_end": ("note", "ended"),
    "console:incidents": ("system", "cause", "note_cs", "note_en", "expected", "warn", "began"),
    "console:mode": ("mode", "phone"),
    "console:people": ("do", "which", "language", *PERSON),
    "manager:kept_times": ("network",),
    "manager:privacy": ("hledat", "zaznamy", "zaznam", "totoznost", "krok", "rozumim", *PERSON),
    "manager:quotas": ("agenda", "quota", "reason", "seen"),
    "mfa_activate_totp": ("code",),
    "mfa_authenticate": ("code",),
    "mfa_replace_totp": ("code",),
    "mfa_reauthenticate": ("code",),
    "ticket:drop": ("key",),
    "kiosk:reprint": ("touch",),
}
# Pages that answer a POST as they answer a GET, and buttons without any field.
WITHOUT_FIELDS = {
    "account_lock_log_out",
    "account_signup",  # closed
    "citizen:accessibility",
    "citizen:calendar",
    "citizen:home",
    "citizen:office",
    "citizen:privacy",
    "citizen:sent",
    "console:contact",
    "display:content",
    "display:panel",
    "display:sound",
    "kiosk:agenda",
    "kiosk:answer",
    "kiosk:phone",
    "kiosk:shell",
    "kiosk:start",
    "kiosk:ticket",
    "account_session_end",
    "account_sessions_end",
    "account_token_end",
    "account_token_allow",
    "manager:access_session",
    "manager:access_token",
    "manager:second_factor",
    "mfa_generate_recovery_codes",
    "start",
}
# Bodies of JSON, which test_unreadable_requests sends.
OF_JSON = {"console:cutoff_data", "console:cutoff_leave", "kiosk:pack", "offline:log"}


class Town:
    """Two offices in the middle of a day: a hall with a queue, and officials with meetings."""

    def __init__(self) -> None:
        self.hall = town.office(waiting_list=True)
        Office.objects.update(phone_tickets="anywhere", version=99)
        self.hall = office_snapshot.snapshot_by_slug("lhota")
        load(officials.FILE.replace("code: lhota", "code: horka"), now=town.FRIDAY_BEFORE)
        self.desks = office_snapshot.snapshot_by_slug("horka")
        self.tokens: dict[str, list[str]] = {}
        self.ids: dict[str, list[str]] = {}
        self.users = {role: self._user(role) for role in Role.values}
        self._book()
        self._queue()
        self._meet()

    def _user(self, role: str) -> Any:
        """Somebody with the role in both offices."""
        user = town.clerk(self.hall, f"u-{role}", role)
        Membership.objects.create(office=self.desks.row, user=user, role=role, name=role)
        return user

    def _book(self) -> None:
        office, sign = self.hall, booking_links.sign_token
        held = town.hold(office, "11:00", NOW)
        asked = town.requested(office, "14:00", NOW, email="c@d.example")
        self.bookings = [town.confirmed(office, at) for at in ("9:00", "10:00", "15:00", "16:00")]
        displaced = self.bookings[3]
        Booking.objects.filter(pk=displaced.pk).update(state=BookingState.DISPLACED)
        displaced.refresh_from_db()
        lane = Lane.objects.filter(agenda__code="vozidla", office=office.row).get()
        tuesday = [
            (lane.pk, Interval(t.starts_at, t.ends_at))
            for t in slot_search.search_slots(
                office=office,
                service=town.service(office),
                days=[town.MONDAY + timedelta(days=1)],
                now=NOW,
            )[:2]
        ]
        offer = offers.make_offer(booking=displaced, slots=tuesday, office=office, now=NOW)
        assert offer
        common: dict[str, Any] = {
            "office": office.row,
            "service": town.service(office),
            "from_date": town.MONDAY,
            "to_date": town.MONDAY + timedelta(days=20),
            "weekdays": [0, 1],
            "from_min": 0,
            "to_min": 1440,
            "name": "Jana",
            "email": "jana@posta.example",
            "queued_at": NOW,
            "created_at": NOW,
        }
        entry = WaitingListEntry.objects.create(**common, state="waiting", short_code="a" * 12)
        offered = WaitingListEntry.objects.create(**common, state="offered", short_code="b" * 12)
        place = Offer.objects.create(
            office=office.row,
            kind=Offer.Kind.WAITING_LIST,
            entry=offered,
            short_code="c" * 12,
            created_at=NOW,
            expires_at=NOW + timedelta(hours=3),
        )
        claim = town.hold(office, "13:00", NOW, day=town.MONDAY + timedelta(days=1))
        Booking.objects.filter(pk=claim.pk).update(offer=place, expires_at=place.expires_at)
        self.tokens |= {
            "hold": [sign(held.pk, "hold")],
            "confirm": [sign(asked.pk, "confirm")],
            "personal": [sign(self.bookings[2].pk, "personal")],
            "list": [sign(entry.pk, "list")],
            "place": [sign(place.pk, "place")],
            "offer": [sign(offer.pk, "offer")],
            "short": [offer.short_code],
            "door": [door_passes.sign_pass(door_passes.from_anywhere(office, NOW))],
            "callback": [callback_token("gosms")],
            "answer": [
                outcome_screens.answer_address(outcome_screens.KioskAnswer("unknown")).split("/")[
                    -2
                ]
            ],
        }
        call_entries.request_call(
            booking=self.bookings[2], reason=CallListEntry.Reason.CALL_ME, now=NOW
        )
        taken = CallListEntry.objects.get()
        call_entries.take_call(entry=taken.pk, actor=self.users["reception"].pk, now=NOW)
        self.ids["entry"] = [str(taken.pk)]

    def _queue(self) -> None:
        office = self.hall
        clerk = self.users["clerk"]
        self.kiosk = town.kiosk(office)
        came = [
            tickets.check_in(
                office=office, device=self.kiosk, pin=one.pin, touch=uuid4(), now=NOW
            ).ticket
            for one in self.bookings[:2]
        ]
        came += [
            tickets.issue_ticket(
                office=office, service=town.service(office, code), touch=uuid4(), now=NOW
            )
            for code in ("znacky", "pas", "prepis")
        ]
        shift = counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=NOW)
        turns.call_next(office=office, clerk=clerk.pk, now=NOW)
        turns.mark_no_show(office=office, clerk=clerk.pk, now=NOW + timedelta(minutes=2))
        turns.call_next(office=office, clerk=clerk.pk, now=NOW + timedelta(minutes=3))
        System.objects.create(office=office.row, code="registr", name={"cs": "Registr"})
        incident = Incident.objects.create(
            office=office.row,
            system=System.objects.get(),
            cause="down",
            began_at=NOW - timedelta(minutes=20),
        )
        self.tokens["ticket"] = [one.code for one in came if one]
        self.ids |= {
            "ticket": [str(one.pk) for one in came if one],
            "shift": [str(shift.pk)],
            "incident": [str(incident.pk)],
        }

    def _meet(self) -> None:
        office = self.desks
        official = officials.official(office)
        held = meetings_town.held(office, starts_at=town.at("9:30"))
        everybody = (held.citizen, held.guest, held.chair)
        self.tokens["room"] = [participant_links.sign_token(who.pk, who.link) for who in everybody]
        for who in (held.citizen, held.guest):
            held.enter(who, NOW)
        booked = Booking.objects.create(
            office=office.row,
            service=meetings_town.service(office),
            lane=Lane.objects.get(office=office.row, official=official),
            date=town.MONDAY,
            starts_at=town.at("17:30"),
            ends_at=town.at("17:45"),
            state=BookingState.CONFIRMED,
            mode="person",
            name="Iva Nová",
            email="iva@posta.example",
            created_at=NOW,
        )
        HoursException.objects.create(
            office=office.row,
            official=official,
            kind="closed",
            from_date=town.MONDAY + timedelta(days=9),
            reason={"cs": "u lékaře"},
        )
        _feed, token = calendar_feeds.make_feed(
            office=office.row,
            owner=official,
            with_names=True,
            now=NOW,
            actor=town.clerk(office, "druhy").pk,
        )
        self.tokens["feed"] = [token]
        self.ids["booking"] = [str(booked.pk), *(str(one.pk) for one in self.bookings)]

    def paths(self, address: Address) -> Iterator[str]:
        """The addresses of a route with every value that could lead to a page."""
        space, _colon, name = address.name.rpartition(":")
        tokens = self.tokens.get(TOKEN_OF.get(address.name) or TOKEN_OF.get(space, ""), ["x"])
        values: dict[str, list[str]] = {
            "slug": ["lhota", "horka"],
            "token": tokens,
            "code": tokens if space in {"ticket", "door", ""} else CODES,
            "service": ["prepis", "ohlaseni"],
            "kind": ["reminder"],
            "language": ["cs"],
            "day": ["2026-11-24"],
            "action": ["ulozit", "pripustit"],
            "name": ["next", "park", "transfer"],
            "gateway": ["gosms"],
            "which": [str(one.pk) for one in Membership.objects.filter(user=self.users["clerk"])],
            "document": [str(uuid4())],
            "counter": [str(town.counter(self.hall).pk)],
            **self.ids,
        }
        if address.name in {"kiosk:ticket", "kiosk:reprint"}:
            values["code"] = self.tokens["ticket"][-1:]
        made = [""]
        for part in re.split(r"(<[^>]+>)", address.route.removeprefix("^").rstrip("$")):
            name = part[1:-1].split(":")[-1]
            choices = values.get(name, ["1"]) if part.startswith("<") else [part]
            made = [before + one for before in made for one in choices]
        yield from ("/" + one for one in made)


class Person:
    """One principal: how it is known, and the forms that its pages show."""

    def __init__(self, name: str, program: Program, cookies: str = "") -> None:
        self.name, self.program = name, program
        self.cookies = f"{cookies}; csrftoken={SECRET}".removeprefix("; ")
        self.forms: dict[Any, Form] = {}
        self.faults: list[str] = []
        self.sent = 0
        self.seen: set[tuple[str, ...]] = set()  # pages, each kind once
        self.posts_only: set[str] = set()

    def ask(self, method: str, target: str, body: bytes = b"", kind: str = "") -> Reply:
        """One request, whose effects are undone."""
        self.sent += 1
        with transaction.atomic():
            reply = self.program.ask(method, target, body, kind, cookies=self.cookies)
            transaction.set_rollback(True)
        if method != "GET" and reply.status < 400:
            office_snapshot._cached_by_id.clear()  # it may know what was undone
        return reply

    def walk(self, name: str, paths: list[str]) -> None:
        """Open the page and what it links to in the same part, each kind with each query once."""
        waiting, asked = list(paths), set[str]()
        while waiting:
            target = waiting.pop(0)
            if target in asked:
                continue
            asked.add(target)
            key = _kind(target)
            if key is None or key in self.seen or name in self.posts_only:
                continue
            if key[0].rpartition(":")[0] != name.rpartition(":")[0]:
                continue
            waiting += self._open(key, target)

    def _open(self, key: tuple[str, ...], target: str) -> list[str]:
        """Read one page: keep its forms, and return where it leads."""
        reply = self.ask("GET", target)
        self._note(reply, f"GET {target}")
        if reply.status == 405:
            self.posts_only.add(key[0])
        if reply.status == 200:
            self.seen.add(key)
        if reply.status in {301, 302}:
            return [reply.headers["location"]]
        if reply.status != 200 or not reply.headers["content-type"].startswith("text/html"):
            return []
        forms, found = read_page(reply.text, f"http://testserver{target}")
        for form in forms:
            leads_to = _kind(target_of(form.action))
            if leads_to:
                self.forms.setdefault((leads_to[0], form.method, form.names), form)
        return [target_of(one) for one in found if "//testserver/" in one]

    def attack(self, most: int, done: set[Any]) -> None:
        """Send each form wrongly; one that others sent already less often."""
        for key, form in self.forms.items():
            if key in done and not WHOLE:
                continue
            done.add(key)
            for word, fields in mutated(form, most):
                where = f"{form.method} {urlsplit(form.action).path} {word}"
                self._note(self._send(form, fields), where)

    def _send(self, form: Form, fields: list[tuple[str, str]]) -> Reply:
        target = target_of(form.action)
        if form.method == "GET":
            return self.ask("GET", f"{target.partition('?')[0]}?{encoded(fields).decode()}")
        fields = [("csrfmiddlewaretoken", SECRET), *fields]
        if form.sends_files:
            return self.ask("POST", target, *multipart(fields))
        return self.ask("POST", target, encoded(fields), FORM)

    def _note(self, reply: Reply, what: str) -> None:
        if reply.status >= 500 or b"Traceback (most" in reply.content:
            self.faults.append(f"{self.name}: {what}: {reply.status}")

    def reached(self) -> set[str]:
        """The names of addresses to which a form of a page sends a POST."""
        return {key[0] for key in self.forms if key[1] == "POST"}


def _kind(target: str) -> tuple[str, ...] | None:
    """The address's name and what its query says, so that a page of each kind is opened once."""
    parts = urlsplit(target)
    path = OTHER_LANGUAGE.sub("/", parts.path)
    try:
        found = resolve(path)
    except (Resolver404, ValueError):
        return None
    if path.startswith("/api/") or not found.view_name:
        return None
    query = sorted({one.partition("=")[0] for one in parts.query.split("&") if one})
    parts_of_name: tuple[str, ...] = ("slug", "role", "action", "name")
    if found.namespace in {"ticket", "room"}:
        parts_of_name += ("code", "token")  # what such a page shows depends on whose it is
    more = [str(found.kwargs[k]) for k in parts_of_name if k in found.kwargs]
    return (found.view_name, *more, *query)


@dataclass
class Everybody:
    """The town and all who ask it."""

    town: Town
    people: dict[str, Person]

    def add_form(self, address: Address, fields: tuple[str, ...]) -> None:
        """A form that no page shows, for those who could send it."""
        askers = (NOBODY, KIOSK) if address.name in PUBLIC | BY_SECRET | DEVICE else Role.values
        for name in askers if WHOLE or askers is not Role.values else ("administrator",):
            for target in [*self.town.paths(address)][: None if WHOLE else 1]:
                form = Form(f"http://testserver{target}", "POST", [(one, "x") for one in fields])
                self.people[name].forms[address.name, "POST", target, *fields] = form

    def taking(self) -> set[str]:
        """The addresses that take a POST from anybody here."""
        names = set()
        reached = set().union(*(one.reached() for one in self.people.values()))
        for address in EVERY:
            if address.route.startswith(API) or address.name in DEMO | reached:
                continue
            targets = list(self.town.paths(address))
            askers: tuple[str, ...] = (NOBODY, KIOSK, PANEL, "clerk", "administrator")
            if address.name in STAFF | PUBLIC | BY_SECRET | OWN:
                askers = (NOBODY, "administrator")
            replies = (
                self.people[one].ask("POST", target, f"{TOKEN}={SECRET}".encode(), FORM)
                for one in askers
                for target in targets[:2]
            )
            if any(
                one.status not in {401, 403, 404, 405} and not _to_log_in(one) for one in replies
            ):
                names.add(address.name)
        return names


def _to_log_in(reply: Reply) -> bool:
    return reply.headers.get("location", "").startswith("/ucet/login/?next=")


@pytest.fixture
def everybody(monkeypatch: pytest.MonkeyPatch, files: Any) -> Everybody:
    monkeypatch.setattr(clock, "real_now", lambda: NOW)
    made, program = Town(), Program()
    found = {NOBODY: Person(NOBODY, program)}
    found[KIOSK] = Person(KIOSK, program, cookies_of(halls.paired(made.hall, "kiosk", NOW)))
    found[PANEL] = Person(PANEL, program, cookies_of(halls.paired(made.hall, "panel", NOW)))
    for role in Role.values:
        client = Client()
        client.force_login(made.users[role])
        found[role] = Person(role, program, cookies_of(client))
    if not WHOLE:  # a page that one of these may open, the others open in the whole run only
        for role in (Role.OPERATOR, Role.HEAD):
            found[role].seen = found[Role.RECEPTION].seen
    return Everybody(made, found)


@pytest.mark.timeout(3600 if WHOLE else 900)  # every form takes long on a busy machine
def test_every_form_is_reached_and_none_breaks_the_program(everybody: Everybody) -> None:
    people = everybody.people
    spaces = {NOBODY: PUBLIC | BY_SECRET | OWN, KIOSK: DEVICE, PANEL: DEVICE}
    for name, person in people.items():
        for address in EVERY:
            if address.name in spaces.get(name, STAFF | OWN) and not address.route.startswith(API):
                person.walk(address.name, list(everybody.town.paths(address)))
    reached = set().union(*(one.reached() for one in people.values()))
    for address in EVERY:
        if fields := BY_SCRIPT.get(address.name):
            everybody.add_form(address, fields)
    attacked: set[Any] = set()
    for person in people.values():
        person.attack(0 if WHOLE else 2, attacked)
    faults = [fault for person in people.values() for fault in person.faults]
    assert faults == []
    named = set(BY_SCRIPT) | WITHOUT_FIELDS | OF_JSON
    assert everybody.taking() - reached - named == set(), (
        "let a page of the town show the form, or say in this file what is sent there"
    )
    sent = sum(person.sent for person in people.values())
    forms = sum(len(person.forms) for person in people.values())
    assert forms > 100, "the control: the walk sees forms"
    assert sent > 1000


def test_a_fault_is_seen(everybody: Everybody, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: one field of one form breaks, and the walk says which."""
    monkeypatch.setattr(
        "prepazka.surfaces.citizen.page_frame.reading.read_instant", lambda text: text[99]
    )
    nobody = everybody.people[NOBODY]
    for address in EVERY:
        if address.name == "citizen:offer":
            nobody.walk(address.name, list(everybody.town.paths(address)))
    nobody.attack(9, set())
    assert any("500" in one for one in nobody.faults)
