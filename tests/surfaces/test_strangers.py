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
from django.db.models import F
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from prepazka.accounts.models import ApiToken, StaffSession, User
from prepazka.accounts.tokens import make_token
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
from prepazka.offices.models import (
    DemoClock,
    DemoPlay,
    Device,
    HoursException,
    Incident,
    Membership,
    Office,
    Official,
    Role,
    System,
)
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Shift, Ticket
from prepazka.surfaces.console import diary
from prepazka.web import known_devices
from tests import town

pytestmark = [pytest.mark.django_db, pytest.mark.any_day("who may see what")]

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
    "console:replace_code",
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
    "manager:lost",
    "manager:people",
    "manager:rename",
    "manager:role",
    "manager:second_factor",
    "manager:password",
    "manager:declares",
    "manager:remove",
    "manager:access",
    "manager:access_session",
    "manager:access_token",
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
    "account_screen",
    "account_lock",
    "account_unlock",
    "account_lock_log_out",
    "account_access",
    "account_sessions_end",
    "account_session_end",
    "account_token_end",
    "account_token_allow",
    "account_second_factor_seen",
    "account_wrong_passwords_seen",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_replace_totp",
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
# Log out, or lock one's own screen.
OWN_SCREEN = {"account_logout", "account_lock", "account_lock_log_out"}
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

    office: OfficeSnapshot
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
    official = Official.objects.create(office=office.row, code="kiosk", name={"cs": "Ota Deník"})
    Lane.objects.create(office=office.row, official=official)
    absence = HoursException.objects.create(
        office=office.row,
        official=official,
        kind="closed",
        from_date=town.MONDAY,
        reason={"cs": REASON},
    )
    ids = {"office": office.row, "official": official}
    during = {"starts_at": town.at("8:00"), "ends_at": town.at("9:00")}
    appointment = Busy.objects.create(**ids, **during, title=REASON)
    calendar = OutsideCalendar.objects.create(**ids, kind="ics", url=OUTSIDE)
    disruption = Disruption.objects.create(office=office.row, created_at=town.at("8:00"))
    system = System.objects.create(office=office.row, code="registr", name={"cs": "Registr"})
    incident = Incident.objects.create(
        office=office.row, system=system, cause="down", began_at=town.at("8:00")
    )
    entry = CallListEntry.objects.create(
        office=office.row,
        booking=bookings[2],
        reason=CallListEntry.Reason.CALL_ME,
        created_at=town.at("8:00"),
    )
    feed = CalendarFeed.objects.create(**ids, token_hash="0" * 64, created_at=town.at("8:00"))
    Office.objects.filter(pk=office.office_id).update(version=office.row.version + 1)
    moments = {"started_at": town.at("8:00"), "used_at": town.at("9:00")}
    session = StaffSession.objects.create(user=clerk, session_key=SESSION, **moments)
    make_token(user=clerk, name="terminál", now=town.at("8:00"))
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
        "session": str(session.pk),
        "api_token": str(ApiToken.objects.get().pk),
        # of the API
        "ticket_id": str(first.pk),
        "booking_id": str(bookings[2].pk),
        "id": str(first.pk),
        "office": "lhota",
        "pin": PIN,
    }
    return Town(office, values)


SESSION = "s" * 32  # of our clerk at another computer


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
    keys = ApiToken.objects.filter(user__in=people)
    session = StaffSession.objects.filter(session_key=SESSION)
    for found in (*rows, ours, people, keys, session, Event.objects.filter(office__in=ours)):
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


@pytest.mark.parametrize("public", [False, True], ids=["no demo", "public demo"])
def test_outside_a_demo_nothing_of_it_exists(
    ours: Town, monkeypatch: pytest.MonkeyPatch, *, public: bool
) -> None:
    """Not even for an administrator of a demo's office, nor with the button's own form.

    In a demo for the public only the mailbox exists, where each visitor has their own mails.
    """
    monkeypatch.setattr(settings, "DEMO_PUBLIC", public)
    hidden = {name for name in DEMO if not (public and name.startswith("mailbox:"))}
    Office.objects.update(demo=True)
    client = Client()
    client.force_login(town.clerk(ours.office, "spravce.lhota", "administrator"))
    before, there = state(), []
    for address in (one for one in EVERY if one.name in hidden):
        path = ours.path(address)
        for prefix in ("", "/en"):
            for method in ("get", "post", "put", "delete"):
                status = getattr(client, method)(prefix + path, {"do": "60"}).status_code
                there += [f"{method} {prefix}{path}: {status}"] if status != 404 else []
    assert {one.name for one in EVERY if "demo/" in one.route} == DEMO
    assert there == []
    start = client.get("/").content.decode()
    assert "/demo/" not in (start.replace("/demo/posta/", "") if public else start)
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
            if method == "post" and address.name in OWN_SCREEN:
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


# Open before a first step is done: to do it, to leave, and to prove once more who one is.
OPEN_BEFORE = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "account_change_password",
    "account_second_factor_seen",
    "account_wrong_passwords_seen",
    "account_screen",
    "account_unlock",
    "account_lock",
    "account_lock_log_out",
}


@pytest.mark.parametrize(
    ("page", "opens"),
    [("/ucet/password/change/", set()), ("/ucet/2fa/totp/activate/", {"mfa_activate_totp"})],
)
def test_nothing_opens_before_the_first_step(ours: Town, page: str, opens: set[str]) -> None:
    """Every address of the staff and of the account, as an administrator with something to do."""
    client = Client()
    client.force_login(User.objects.get(username=STAFF_LOGIN))
    Membership.objects.filter(user__username=STAFF_LOGIN).update(role="administrator")
    User.objects.update(must_change_password="password" in page)
    Office.objects.update(second_factor_roles=["administrator"])
    before = state()
    opened = [
        f"{method} {path}: {answer.status_code}"
        for address in EVERY
        if address.name in (STAFF | OWN) - OPEN_BEFORE - opens
        for path in [ours.path(address)]
        for method in ("get", "post")
        for answer in [getattr(client, method)(path, {"name": "x"})]
        if answer.headers.get("Location") != page and answer.status_code != 405
    ]
    assert opened == []
    assert state() == before


@pytest.mark.real_time
def test_no_page_of_somebody_who_is_logged_in_is_stored(ours: Town) -> None:
    """Neither those of the account, before the log-in too, nor what staff see of public pages."""
    Membership.objects.filter(user__username=STAFF_LOGIN).update(role="administrator")

    def member() -> Client:
        """A new session: some addresses end or lock theirs."""
        client = Client()
        client.force_login(User.objects.get(username=STAFF_LOGIN))
        return client

    stored = [
        f"{address.name} {method}"
        for address in EVERY
        if address.name in STAFF | OWN | PUBLIC
        for path in [ours.path(address)]
        for asker, account in ((member, False), (Client, True))
        if address.name in OWN or not account
        for method in ("get", "post")
        for answer in [getattr(asker(), method)(path)]
        if address.name not in PUBLIC or answer.headers.get("Content-Type", "")[:9] == "text/html"
        if "no-store" not in answer.headers.get("Cache-Control", "") and answer.status_code != 405
    ]
    assert stored == []


ASKED = {"console:diary": "tyden", "manager:file": "stahnout"}  # other pages of one address


@pytest.mark.real_time
@pytest.mark.parametrize("role", [role for role in Role if role != Role.HEAD])
def test_why_an_official_is_away_is_not_for_colleagues(ours: Town, role: Role) -> None:
    """Every page and every answer to a program, as a colleague in the role."""
    colleague = town.clerk(ours.office, "kolegyne", role)
    token = make_token(user=colleague, name="t", now=town.at("8:00"))
    client = Client(headers={"Authorization": f"Bearer {token}"})
    client.force_login(colleague)
    told = [
        path
        for address in EVERY
        if address.name in STAFF | OWN or address.route.startswith(API)
        for path in [ours.path(address)]
        for asked in (path, f"{path}?{ASKED[address.name]}" if address.name in ASKED else "")
        if asked
        for answer in [client.get(asked)]
        if REASON.encode() in (b"".join(answer) if answer.streaming else answer.content)
    ]
    assert told == []


def test_the_head_and_the_official_read_it(ours: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (diary,):
        monkeypatch.setattr(module, "now", lambda: town.at("9:40"), raising=False)
    client = Client()
    diary_of = "/pult/lhota/diar/kiosk/"
    client.force_login(town.clerk(ours.office, "vedouci", "head"))
    assert REASON in client.get(diary_of).content.decode()
    assert REASON in client.get("/sprava/lhota/soubor/?stahnout").content.decode()
    official = town.clerk(ours.office, "urednik")
    Official.objects.update(user=official)
    Office.objects.update(version=F("version") + 1)
    client.force_login(official)
    assert REASON in client.get(diary_of).content.decode()
    colleague = town.clerk(ours.office, "kolegyne", "reception")
    client.force_login(colleague)
    page = client.get(diary_of).content.decode()
    assert "nepřítomnost" in page
    assert "Důvod" not in page


def test_the_state_is_seen(ours: Town) -> None:
    """The control of the fingerprint."""
    before = state()
    Ticket.objects.update(calls=9)
    assert state() != before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM booking_booking")
        assert cursor.fetchone()[0] == 3
