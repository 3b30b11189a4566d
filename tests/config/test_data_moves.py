"""Migrations that move data, run on rows as the release before wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from prepazka.booking.contacts import contact_hash

# The last migrations of release 0.2.0 in the apps whose rows are moved.
BEFORE = [
    ("booking", "0009_topic"),
    ("meetings", "0004_lost_files"),
    ("queueing", "0008_missed"),
]
AFTER = [
    ("booking", "0011_public_reasons"),
    ("meetings", "0005_clean_addresses"),
    ("queueing", "0009_clean_contacts"),
]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = date(2026, 11, 23)
JAN = contact_hash("jan@xn--pklad-zsa96e.cz")


def migrate(targets: list[tuple[str, str]]) -> Any:
    """The models of the state that is reached."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@contextmanager
def empty_database() -> Iterator[None]:
    """The connection leads to a new database; it is dropped afterwards."""
    usual = connection.settings_dict["NAME"]
    name = f"{usual}_moves"
    quoted = connection.ops.quote_name(name)
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted}")
        cursor.execute(f"CREATE DATABASE {quoted}")
    try:
        connection.close()
        connection.settings_dict["NAME"] = name
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {quoted}")


@dataclass
class Moved:
    """What stands in the tables after the move, in the order in which it was written."""

    bookings: list[tuple[str, str, str]]
    entries: list[tuple[str, str, str]]
    participants: list[str]
    alerts: list[tuple[str, str]]
    notes: list[str]
    reasons: list[dict[str, str]]


@pytest.fixture(scope="module")
def moved(django_db_setup: None, django_db_blocker: Any) -> Iterator[Moved]:
    """Rows of the release before, brought to today by its migrations."""
    with django_db_blocker.unblock(), empty_database():
        rows = Rows(migrate(BEFORE))
        bookings = [rows.booking(email, phone) for email, phone, *_right in CONTACTS]
        bookings += [
            rows.booking(contact_hash="kept", name="", erased_at=NOW),
            rows.booking(state="held", expires_at=NOW + timedelta(minutes=5)),
        ]
        entries = [rows.entry(email, phone) for email, phone, *_right in CONTACTS]
        guests = rows.participants(*(address for address, _right in ADDRESSES))
        alerts = rows.alerts(*(contact for contact, _right in ALERTS))
        exceptions = [
            rows.exception({"cs": "Nemoc vedoucí"}),
            rows.exception({"cs": "Nemoc"}, agenda=rows.agenda),
            rows.exception({"cs": "chřipka"}, official=rows.official),
            rows.exception({}),
            rows.exception({"cs": "x" * 500}),
            rows.exception({"cs": "Svátek obce"}),  # of the office's file
        ]
        disruptions = [
            rows.disruption(*made)
            for made in (exceptions[:2], exceptions[2:3], exceptions[3:4], exceptions[4:5], [])
        ]
        apps = migrate(AFTER)

        def read(label: str, model: str, written: list[Any], *names: str) -> list[Any]:
            found = apps.get_model(label, model).objects.in_bulk([one.pk for one in written])
            values = [tuple(getattr(found[one.pk], name) for name in names) for one in written]
            return [one if len(names) > 1 else one[0] for one in values]

        yield Moved(
            read("booking", "Booking", bookings, "email", "phone", "contact_hash"),
            read("booking", "WaitingListEntry", entries, "email", "phone", "contact_hash"),
            read("meetings", "Participant", guests, "email"),
            read("queueing", "TurnAlert", alerts, "email", "phone"),
            read("booking", "Disruption", disruptions, "note"),
            [dict(one) for one in read("offices", "HoursException", exceptions, "reason")],
        )


def insert(apps: Any, label: str, model: str, **values: Any) -> Any:
    return apps.get_model(label, model).objects.create(**values)


class Rows:
    """An office with what bookings, meetings and alerts need, as models of the release before."""

    def __init__(self, apps: Any) -> None:
        self.apps, self.count = apps, 0
        self.office = insert(apps, "offices", "Office", slug="lhota", name={"cs": "Lhota"})
        self.agenda = insert(
            apps, "offices", "Agenda", office=self.office, code="a", letter="A", name={}
        )
        self.service = insert(
            apps,
            "offices",
            "Service",
            office=self.office,
            agenda=self.agenda,
            code="s",
            name={},
            duration_min=10,
        )
        self.official = insert(
            apps, "offices", "Official", office=self.office, code="novakova", name={}
        )
        self.lane = insert(
            apps, "booking", "Lane", office=self.office, agenda=self.agenda, number=0
        )

    def booking(self, email: str = "", phone: str = "", **more: Any) -> Any:
        self.count += 1
        start = NOW + timedelta(hours=self.count)
        values = {
            "contact_hash": "old" if email or phone else "",
            "state": "confirmed",
            "name": "Jana",
        }
        return insert(
            self.apps,
            "booking",
            "Booking",
            office=self.office,
            service=self.service,
            lane=self.lane,
            date=start.date(),
            starts_at=start,
            ends_at=start + timedelta(minutes=30),
            email=email,
            phone=phone,
            created_at=NOW,
            **values | more,
        )

    def entry(self, email: str = "", phone: str = "", **more: Any) -> Any:
        return insert(
            self.apps,
            "booking",
            "WaitingListEntry",
            office=self.office,
            service=self.service,
            from_date=DAY,
            to_date=DAY,
            weekdays=[0],
            from_min=0,
            to_min=1440,
            email=email,
            phone=phone,
            short_code=uuid4().hex[:12],
            queued_at=NOW,
            created_at=NOW,
            **{"contact_hash": "old"} | more,
        )

    def participants(self, *emails: str) -> list[Any]:
        meeting = insert(
            self.apps,
            "meetings",
            "Meeting",
            office=self.office,
            booking=self.booking("klient@example.cz"),
            created_at=NOW,
        )
        return [
            insert(
                self.apps,
                "meetings",
                "Participant",
                office=self.office,
                meeting=meeting,
                role="guest",
                email=email,
                invited_at=NOW,
            )
            for email in emails
        ]

    def alerts(self, *contacts: tuple[str, str]) -> list[Any]:
        rows = []
        for number, (email, phone) in enumerate(contacts, 1):
            ticket = insert(
                self.apps,
                "queueing",
                "Ticket",
                office=self.office,
                service=self.service,
                date=DAY,
                letter="A",
                number=number,
                touch=uuid4(),
                code=f"T{number}",
                issued_at=NOW,
            )
            rows.append(
                insert(
                    self.apps,
                    "queueing",
                    "TurnAlert",
                    office=self.office,
                    ticket=ticket,
                    email=email,
                    phone=phone,
                    asked_at=NOW,
                )
            )
        return rows

    def exception(self, reason: dict[str, str], **scope: Any) -> Any:
        return insert(
            self.apps,
            "offices",
            "HoursException",
            office=self.office,
            kind="closed",
            from_date=DAY,
            to_date=DAY,
            reason=reason,
            **scope,
        )

    def disruption(self, *exceptions: Any) -> Any:
        row = insert(self.apps, "booking", "Disruption", office=self.office, created_at=NOW)
        row.exceptions.set(exceptions)
        return row


# As stored by the release before, and as it must be stored today: e-mail, number, contact.
CONTACTS = [
    ("jan@xn--pklad-zsa96e.cz", "", "jan@příklad.cz", "", JAN),
    ("jan@p\u200bříklad.cz", "", "jan@příklad.cz", "", JAN),
    ("JAN@příklad.cz", "", "JAN@příklad.cz", "", JAN),
    ("jan@pr\u030ci\u0301klad.cz", "", "jan@příklad.cz", "", JAN),  # in parts
    ("\u202ajan@příklad.cz\u202c", "", "jan@příklad.cz", "", JAN),
    ("jan@příklad.cz\u200f", "", "jan@příklad.cz", "", JAN),
    ("", "777 123 456", "", "+420777123456", contact_hash("+420777123456")),
    ("", "+420777123456", "", "+420777123456", contact_hash("+420777123456")),
    ("", "777\u00ad123\u2009456", "", "+420777123456", contact_hash("+420777123456")),
    ("jan@localhost", "", "jan@localhost", "", contact_hash("jan@localhost")),
    ("", "linka 5", "", "linka 5", contact_hash("linka 5")),
]


ADDRESSES = [
    ("eva@xn--pklad-zsa96e.cz", "eva@příklad.cz"),
    ("eva@p\u200bříklad.cz", "eva@příklad.cz"),  # the same guest twice stays two
    ("eva@příklad.cz", "eva@příklad.cz"),
    ("", ""),
    ("eva@localhost", "eva@localhost"),
]
ALERTS = [
    (("jan@xn--pklad-zsa96e.cz", ""), ("jan@příklad.cz", "")),
    (("", "0777 123 456"), ("", "+420777123456")),
    (("", "777\u202f123\u202f456"), ("", "+420777123456")),
    (("", "kdokoli"), ("", "kdokoli")),
    (("", ""), ("", "")),
]


def test_contacts_of_bookings(moved: Moved) -> None:
    *with_contact, erased, hold = moved.bookings
    assert with_contact == [tuple(right) for _email, _phone, *right in CONTACTS]
    assert erased == ("", "", "kept"), "the limit of an erased contact goes on"
    assert hold == ("", "", "")


def test_contacts_of_the_waiting_list(moved: Moved) -> None:
    assert moved.entries == [tuple(right) for _email, _phone, *right in CONTACTS]


def test_addresses_of_participants(moved: Moved) -> None:
    assert moved.participants == [right for _address, right in ADDRESSES]


def test_contacts_of_turn_alerts(moved: Moved) -> None:
    assert moved.alerts == [right for _contact, right in ALERTS]


def test_reasons_that_were_shown_move_to_the_staff(moved: Moved) -> None:
    assert moved.notes == ["Nemoc vedoucí", "", "", "x" * 120, ""]
    assert moved.reasons == [{}, {}, {"cs": "chřipka"}, {}, {}, {"cs": "Svátek obce"}]
