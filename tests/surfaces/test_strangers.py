"""Every address as a stranger and as another office's administrator: nothing of ours, nothing done.

The walk takes its addresses from the URLconf. An address without a rule fails the test: whoever
adds one says here who may see it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from prepazka.accounts.models import User
from prepazka.booking.models import (
    Booking,
    Busy,
    CalendarFeed,
    CallListEntry,
    Disruption,
    Lane,
    OutsideCalendar,
)
from prepazka.journal.models import Event
from prepazka.offices.directory import Directory
from prepazka.offices.models import (
    DemoClock,
    DemoPlay,
    Device,
    HoursException,
    Incident,
    Membership,
    Office,
    Official,
    System,
)
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Shift, Ticket
from prepazka.web import known_devices
from tests import town

pytestmark = pytest.mark.django_db

# Staff of the office only: a stranger is sent to log in, anybody else's clerk finds nothing.
STAFF = {
    "console:office",
    "console:open",
    "console:fragment",
    "console:step",
    "console:contact",
    "console:counters",
    "console:left_counter",
    "console:cutoff",
    "console:cutoff_data",
    "console:cutoff_leave",
    "console:desk",
    "console:arrive",
    "console:new_ticket",
    "console:ticket",
    "console:book",
    "console:terms",
    "console:fill_in",
    "console:slip",
    "console:person",
    "console:mode",
    "console:people",
    "console:move",
    "console:cancel",
    "console:operators",
    "console:take",
    "console:give_back",
    "console:disrupt",
    "console:disruption",
    "console:undo_disruption",
    "console:before",
    "console:missed",
    "console:put_back",
    "console:incidents",
    "console:incident_change",
    "console:incident_end",
    "console:calls",
    "console:call_next",
    "console:call",
    "console:call_another",
    "console:meetings",
    "console:meetings_live",
    "console:meeting_enter",
    "console:meeting_step",
    "console:follow_up",
    "console:diaries",
    "console:diary",
    "console:own_book",
    "console:own_slots",
    "console:own_client",
    "console:own_fill_in",
    "console:own_give_back",
    "console:own_person",
    "console:own_move",
    "console:own_cancel",
    "console:diary_add",
    "console:diary_remove",
    "console:week",
    "console:appointment_add",
    "console:appointment",
    "console:appointment_remove",
    "console:calendars",
    "console:calendar_remove",
    "console:calendar_settings",
    "console:calendar_free",
    "console:feed_make",
    "console:feed_revoke",
    "manager:overview",
    "manager:calls",
    "manager:tickets",
    "manager:deeds",
    "manager:waiting_list",
    "manager:kept_times",
    "manager:privacy",
    "manager:file",
    "manager:quotas",
    "manager:why",
    "manager:messages",
    "manager:kinds",
    "manager:words",
    "manager:devices",
    "manager:pairing",
    "manager:disconnect",
    "manager:reload",
    "manager:people",
    "manager:rename",
    "manager:role",
    "manager:second_factor",
    "manager:password",
    "manager:declares",
    "manager:remove",
    "manager:officials",
    "manager:crest",
    "manager:official_user",
    "manager:feed_make",
    "manager:feed_revoke",
}
# About the person who is logged in and nobody else.
OWN = {
    "console:home",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_change_password",
    "account_second_factor_seen",
    "account_wrong_passwords_seen",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
}
# For everybody: facts of the office and counts, never persons.
PUBLIC = {
    "start",
    "crest",
    "monitor:overview",
    "monitor:office",
    "monitor:frame",
    "monitor:history",
    "citizen:home",
    "citizen:office",
    "citizen:privacy",
    "citizen:accessibility",
    "citizen:services",
    "citizen:days",
    "citizen:times",
    "citizen:wish",
    "citizen:department",
    "citizen:anybody",
    "citizen:contacts",
    "citizen:official",
    "embed:frame",
    "embed:guide",
    "display:clip",
    "offline:worker",
    "ticket:worker",
    "door:start",
    "door:poster",
}
# Opened by a secret in the address; the walk tries a wrong one.
BY_SECRET = {
    "citizen:contact",
    "citizen:check",
    "citizen:sent",
    "citizen:confirm",
    "citizen:booking",
    "citizen:calendar",
    "citizen:cancel",
    "citizen:mode",
    "citizen:people",
    "citizen:move",
    "citizen:move_times",
    "citizen:offer",
    "citizen:offer_another",
    "citizen:offer_times",
    "citizen:sooner",
    "citizen:waiting",
    "citizen:place",
    "room:page",
    "room:enter",
    "room:turn",
    "room:inside",
    "room:venue",
    "room:step",
    "room:files",
    "room:file",
    "room:file_page",
    "room:file_text",
    "room:file_remove",
    "room:show",
    "room:lead",
    "room:minutes",
    "room:minutes_pdf",
    "room:minutes_step",
    "short_link",
    "short_cancel",
    "callbacks:sms",
    "ticket:page",
    "ticket:content",
    "ticket:why",
    "ticket:leave",
    "ticket:later",
    "ticket:alert",
    "ticket:drop",
    "door:scan",
    "door:choose",
    "feed",
    "offline:log",
}
# Programs call them with a secret in the address and no cookie, so no form of ours guards them.
OF_PROGRAMS = {
    "callbacks:sms",
    "offline:log",
    "kiosk:pack",
    "console:cutoff_data",
    "console:cutoff_leave",
}
# Opened by the token of a paired device.
DEVICE = {
    "kiosk:start",
    "kiosk:pairing",
    "kiosk:agenda",
    "kiosk:issue",
    "kiosk:phone",
    "kiosk:ticket",
    "kiosk:reprint",
    "kiosk:pin",
    "kiosk:answer",
    "kiosk:pack",
    "kiosk:shell",
    "display:panel",
    "display:content",
    "display:sound",
    "display:pairing",
}
# The mailbox, the clock and the tour of the demo; outside the demo they do not exist.
DEMO = {
    "mailbox:mails",
    "mailbox:mail",
    "mailbox:html",
    "mailbox:attachment",
    "demo_clock",
    "tour:status",
    "tour:clock",
    "tour:people",
    "tour:log_in",
    "tour:pair",
}
# Addresses of the API have one rule for all: reads show no persons, writes without a token fail.
API = "api/v1/"
# Ninja answers any method with the description of the API; it changes nothing.
DESCRIPTION = API + "openapi.json"

NAME, EMAIL, PHONE = "Květoslava Neviditelná", "kveta@tajne.example", "+420777888999"
STAFF_NAME, STAFF_LOGIN, PIN = "Utajený Úředník", "utajeny", "8305"
REASON = "tajná nemoc"  # of an official's absence and of an own appointment
OUTSIDE = "https://kalendar.example/tajny-odkaz.ics"
PRIVATE = (
    NAME,
    "Neviditeln",
    EMAIL,
    "tajne.example",
    PHONE,
    "777888999",
    "777\u00a0888\u00a0999",
    STAFF_NAME,
    STAFF_LOGIN,
    REASON,
    "tajny-odkaz",
    " ".join(PIN),
)


@dataclass(frozen=True)
class Address:
    name: str
    route: str
    parameters: tuple[str, ...]


def addresses(
    resolver: URLResolver | None = None, route: str = "", space: str = ""
) -> Iterator[Address]:
    """Every address of the project, with its full name."""
    for one in (resolver or get_resolver()).url_patterns:
        here = route + str(one.pattern)
        if isinstance(one, URLPattern):
            name = f"{space}{one.name}" if one.name else f"unnamed {here}"
            yield Address(name, here, tuple(one.pattern.converters) or _groups(one))
        else:
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from addresses(one, here, inner)


def _groups(one: URLPattern) -> tuple[str, ...]:
    pattern: Any = one.pattern
    return tuple(pattern.regex.groupindex)


EVERY = list(addresses())


@dataclass
class Town:
    """Our office with a visit under way, and the values its addresses are made of."""

    office: Directory
    values: dict[str, str]

    def path(self, address: Address) -> str:
        """The address filled with our own ids, and with wrong secrets."""
        whole = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: self.values[m[1]], address.route)
        return "/" + whole.removeprefix("^").rstrip("$")


@pytest.fixture
def ours() -> Town:
    """A booked client at a counter, one who waits, one who is still to come, and their clerk."""
    cache.clear()
    with connection.cursor() as cursor:  # a worker lives, so that the health answers 200
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    office = town.office()
    clerk = town.clerk(office, STAFF_LOGIN)
    Membership.objects.filter(user=clerk).update(name=STAFF_NAME)
    bookings = [town.confirmed(office, at) for at in ("9:00", "10:00", "11:00")]
    Booking.objects.update(name=NAME, email=EMAIL, phone=PHONE)
    came = [
        tickets.check_in(
            office=office,
            device=town.kiosk(office),
            pin=one.pin,
            touch=uuid4(),
            now=town.at("9:31"),
        ).ticket
        for one in bookings[:2]
    ]
    Booking.objects.filter(pk=bookings[2].pk).update(pin=PIN)
    shift = counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=town.at("9:32"))
    turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:32"))
    first = came[0]
    assert first
    official = Official.objects.create(office=office.office, code="kiosk", name={"cs": "Ota Deník"})
    Lane.objects.create(office=office.office, official=official)
    absence = HoursException.objects.create(
        office=office.office,
        official=official,
        kind="closed",
        from_date=town.MONDAY,
        reason={"cs": REASON},
    )
    ids = {"office": office.office, "official": official}
    during = {"starts_at": town.at("8:00"), "ends_at": town.at("9:00")}
    appointment = Busy.objects.create(**ids, **during, title=REASON)
    calendar = OutsideCalendar.objects.create(**ids, kind="ics", url=OUTSIDE)
    disruption = Disruption.objects.create(office=office.office, created_at=town.at("8:00"))
    system = System.objects.create(office=office.office, code="registr", name={"cs": "Registr"})
    incident = Incident.objects.create(
        office=office.office, system=system, cause="down", began_at=town.at("8:00")
    )
    entry = CallListEntry.objects.create(
        office=office.office,
        booking=bookings[2],
        reason=CallListEntry.Reason.CALL_ME,
        created_at=town.at("8:00"),
    )
    feed = CalendarFeed.objects.create(**ids, token_hash="0" * 64, created_at=town.at("8:00"))
    Office.objects.filter(pk=office.office.pk).update(version=office.office.version + 1)
    values = {
        "action": "next",
        "slug": "lhota",
        "ticket": str(first.pk),
        "booking": str(bookings[2].pk),
        "service": "prepis",
        "name": "next",
        "which": str(Membership.objects.get().pk),
        "number": "1",
        "position": "0",
        "role": "clerk",
        "document": str(uuid4()),
        "day": "2026-11-23",
        "token": "nope.nope",
        "digest": "0123456789abcdef",
        "gateway": "bulkgate",
        "kind": "reminder",
        "language": "cs",
        "code": "kiosk",
        "shift": str(shift.pk),
        "counter": str(town.counter(office).pk),
        "exception": str(absence.pk),
        "disruption": str(disruption.pk),
        "incident": str(incident.pk),
        "entry": str(entry.pk),
        "appointment": str(appointment.pk),
        "calendar": str(calendar.pk),
        "feed": str(feed.pk),
        # of the API
        "ticket_id": str(first.pk),
        "booking_id": str(bookings[2].pk),
        "id": str(first.pk),
        "office": "lhota",
        "pin": PIN,
    }
    return Town(office, values)


def intruder() -> Client:
    """The administrator of another office: nobody could have more rights without being ours."""
    client = Client()
    client.force_login(town.clerk(town.office("horka"), "cizi", "administrator"))
    return client


def state() -> str:
    """A fingerprint of everything a press could change at our office."""
    digest = hashlib.sha256()
    rows: list[Any] = [
        model.objects.filter(office__slug="lhota")
        for model in (
            Booking,
            Ticket,
            Shift,
            Membership,
            Device,
            HoursException,
            Busy,
            OutsideCalendar,
            CalendarFeed,
        )
    ]
    ours = Office.objects.filter(slug="lhota")
    people = User.objects.filter(memberships__office__in=ours)
    for found in (*rows, ours, people, Event.objects.filter(office__in=ours)):
        for row in found.order_by("pk").values():
            # Logging in is no change of ours.
            digest.update(repr({k: v for k, v in row.items() if k != "last_login"}).encode())
    return digest.hexdigest()


def exposed(answer: Any) -> list[str]:
    """What of our private data the answer shows."""
    said = b"".join(answer) if answer.streaming else answer.content
    text = re.sub(r"<svg.*?</svg>", "", said.decode("utf-8", "replace"), flags=re.DOTALL)
    shown = [word for word in PRIVATE if word in text]
    return shown + ([PIN] if re.search(rf"(?<![\d.]){PIN}(?![\d.])", text) else [])


def faults(answer: Any) -> list[str]:
    """What is wrong with an answer to a stranger: private data, no policy, a fault of ours."""
    found = exposed(answer)
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        policy = answer.headers.get("Content-Security-Policy", "")
        if "default-src 'self'" not in policy or "unsafe" in policy:
            found.append("no policy")
        if answer.headers.get("X-Content-Type-Options") != "nosniff":
            found.append("no nosniff")
    if answer.status_code >= 500:
        found.append(f"status {answer.status_code}")
    return found


def test_every_address_has_a_rule() -> None:
    known = STAFF | OWN | PUBLIC | BY_SECRET | DEVICE | DEMO
    without = {a.name for a in EVERY if a.name not in known and not a.route.startswith(API)}
    assert not without, "say in this file who may open these"


@pytest.mark.real_time
def test_the_walk_sees_what_it_looks_for(ours: Town) -> None:
    """The control: to our own staff the same addresses do show the data."""
    client = Client()
    client.force_login(town.clerk(ours.office, "nase", "administrator"))
    assert exposed(client.get("/pult/lhota/recepce/?den=2026-11-23")) == [NAME, "Neviditeln"]
    assert STAFF_NAME in exposed(client.get("/sprava/lhota/lide/"))
    assert " ".join(PIN) in exposed(
        client.get(f"/pult/lhota/recepce/objednavka/{ours.values['booking']}/")
    )
    assert "777\u00a0888\u00a0999" in exposed(
        client.post(f"/pult/lhota/recepce/objednavka/{ours.values['booking']}/osoba/")
    )


@pytest.mark.real_time
def test_a_stranger_sees_no_person_and_changes_nothing(ours: Town) -> None:
    client, before, wrong = Client(), state(), []
    for address in EVERY:
        path = ours.path(address)
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(client, method)(path)
            wrong += [f"{method} {path}: {fault}" for fault in faults(answer)]
            if address.name in STAFF and not _to_log_in(answer):
                wrong.append(f"{method} {path}: {answer.status_code} without log-in")
            if (
                address.route.startswith(API)
                and method != "get"
                and answer.status_code < 400
                and address.route != DESCRIPTION
            ):
                wrong.append(f"{method} {path}: {answer.status_code} without a token")
        wrong += [f"en {path}: {fault}" for fault in faults(client.get("/en" + path))]
        if state() != before:
            wrong.append(f"{path}: something has changed")
            before = state()
    assert wrong == []


def test_outside_a_demo_nothing_of_it_exists(ours: Town) -> None:
    """Not even for an administrator of a demo's office, nor with the button's own form."""
    Office.objects.update(demo=True)
    client = Client()
    client.force_login(town.clerk(ours.office, "spravce.lhota", "administrator"))
    before, there = state(), []
    for address in (one for one in EVERY if one.name in DEMO):
        path = ours.path(address)
        for prefix in ("", "/en"):
            for method in ("get", "post", "put", "delete"):
                status = getattr(client, method)(prefix + path, {"do": "60"}).status_code
                there += [f"{method} {prefix}{path}: {status}"] if status != 404 else []
    assert {one.name for one in EVERY if "demo/" in one.route} == DEMO
    assert there == []
    start = client.get("/").content.decode()
    assert "/demo/" not in start
    assert "Přihlásit:" not in start
    assert (state(), DemoClock.objects.count(), DemoPlay.objects.count()) == (before, 0, 0)


def _to_log_in(answer: Any) -> bool:
    return bool(
        answer.status_code == 302 and answer.headers["Location"].startswith("/ucet/login/?next=")
    )


@pytest.mark.real_time
def test_a_clerk_of_another_office_finds_nothing(ours: Town) -> None:
    client, before, wrong = intruder(), state(), []
    for address in EVERY:
        path = ours.path(address)
        for method in ("get", "post"):
            if (address.name, method) == ("account_logout", "post"):
                continue  # their own matter
            answer = getattr(client, method)(path)
            wrong += [f"{method} {path}: {fault}" for fault in faults(answer)]
            if address.name in STAFF and answer.status_code != 404:
                wrong.append(f"{method} {path}: {answer.status_code}, as if it existed")
        if state() != before:
            wrong.append(f"{path}: something has changed")
            before = state()
    assert wrong == []


@pytest.mark.real_time
def test_a_clerk_of_another_office_gets_nowhere_by_foreign_ids(ours: Town) -> None:
    """Our ids inside the intruder's own office are unknown there."""
    client, before, wrong = intruder(), state(), []
    at_home = Town(ours.office, {**ours.values, "slug": "horka"})
    form = {
        "ticket": ours.values["ticket"],
        "to": "counter:1",
        "minutes": "5",
        "role": "clerk",
        "starts_at": town.at("14:00").isoformat(),
    }
    client.post("/pult/horka/otevrit/", {"counter": "p1"})
    for address in EVERY:
        if address.name not in STAFF:
            continue
        names = (
            ("next", "pick", "finish", "transfer", "undo")
            if "name" in address.parameters
            else ("",)
        )
        for name in names:
            path = Town(ours.office, {**at_home.values, "name": name}).path(address)
            for method in ("get", "post"):
                answer = getattr(client, method)(path, form)
                wrong += [f"{method} {path}: {fault}" for fault in faults(answer)]
    assert wrong == []
    assert state() == before


def test_a_post_without_our_form_is_refused(ours: Town) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username=STAFF_LOGIN))
    Membership.objects.filter(user__username=STAFF_LOGIN).update(role="administrator")
    before = state()
    taken = [
        f"{path}: {answer.status_code}"
        for address in EVERY
        if not address.route.startswith(API) and address.name not in OF_PROGRAMS
        for path in [ours.path(address)]
        for answer in [client.post(path, {"name": "x"})]
        if answer.status_code != 403
    ]
    assert taken == []
    assert state() == before


@pytest.mark.real_time
def test_cookies_are_closed(ours: Town) -> None:
    client = Client()
    client.get("/ucet/login/")
    client.post("/ucet/login/", {"login": STAFF_LOGIN, "password": "heslo heslo heslo"})
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, known_devices.COOKIE):
        cookie = client.cookies[name]
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax"
    assert settings.HTTPS == settings.SESSION_COOKIE_SECURE == settings.CSRF_COOKIE_SECURE
    assert settings.SECURE_HSTS_SECONDS > 0 or not settings.HTTPS


@pytest.mark.real_time
def test_nothing_is_kept_by_a_browser_on_the_desk(ours: Town) -> None:
    client = Client()
    client.force_login(User.objects.get(username=STAFF_LOGIN))
    assert "no-store" in client.get("/pult/lhota/").headers["Cache-Control"]


def test_the_state_is_seen(ours: Town) -> None:
    """The control of the fingerprint."""
    before = state()
    Ticket.objects.update(calls=9)
    assert state() != before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM booking_booking")
        assert cursor.fetchone()[0] == 3
