"""Every kind of message has all its parts in its registration, and its event is followed up."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import get_template
from django.utils import translation

from prepazka.booking.models import BookingState
from prepazka.core import events, message_texts
from prepazka.core.events import REGISTRY
from prepazka.core.message_texts import Placeholders
from prepazka.messaging import kinds
from prepazka.messaging.kind_parts import Audience, Kind, MailText, SmsText
from prepazka.messaging.kinds import KINDS, by_code, by_event
from prepazka.messaging.models import Message

TEMPLATES = Path(kinds.__file__).parent / "templates" / "messaging"
CODES = list(KINDS)
LONGEST_CODE = Message._meta.get_field("kind").max_length


def missing_parts(kind: Kind) -> list[str]:
    """The parts that the registration of a kind lacks, each by its name."""
    own_texts = kind.own_texts or Placeholders(frozenset())
    faults = {
        "code": not 0 < len(kind.code) <= (LONGEST_CODE or 0),
        "label in Czech": in_language("cs", kind) in {"", in_language("en", kind)},
        "when the variant applies": bool(kind.variant_of) != bool(kind.applies),
        "placeholders that may be used": not own_texts.must <= own_texts.may,
        "placeholder of the slots": kind.sample_slots > 0 and "terms" not in own_texts.may,
    }
    if kind.is_retired:
        faults["reason to be retired"] = bool(kind.events or kind.mail or kind.sms or kind.push)
        return [part for part, is_missing in faults.items() if is_missing]
    for_participants = kind.audience is Audience.PARTICIPANTS
    faults |= {
        "events": not kind.events and not kind.variant_of,
        "subject": kind.mail is None or not kind.mail.subject,
        "text of the short message": not for_participants and not (kind.sms and kind.sms.usual),
        "text of the notice": kind.audience is Audience.TICKET_HOLDER and kind.push is None,
        "placeholders": not for_participants and kind.own_texts is None,
    }
    missing = [part for part, is_missing in faults.items() if is_missing]
    return missing + list(_missing_templates(kind, kind.mail) if kind.mail else ())


def in_language(language: str, kind: Kind) -> str:
    with translation.override(language):
        return str(kind.label)


def _missing_templates(kind: Kind, mail: MailText) -> Iterator[str]:
    name = mail.template or kind.code
    for suffix in (".txt", ".html"):
        if not (TEMPLATES / f"{name}{suffix}").exists():
            yield f"template {name}{suffix}"
    if name == "meeting" and not mail.sentence:
        yield "sentence"


@pytest.mark.parametrize("code", CODES)
def test_a_kind_has_all_its_parts(code: str) -> None:
    assert missing_parts(KINDS[code]) == []


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"events": ()}, "events"),
        ({"mail": None}, "subject"),
        ({"mail": MailText(subject="")}, "subject"),
        ({"mail": MailText(subject="x", template="nowhere")}, "template nowhere.txt"),
        ({"mail": MailText(subject="x", template="meeting")}, "sentence"),
        ({"sms": None}, "text of the short message"),
        ({"sms": SmsText(usual="")}, "text of the short message"),
        ({"audience": Audience.TICKET_HOLDER}, "text of the notice"),
        ({"own_texts": None}, "placeholders"),
        (
            {"own_texts": Placeholders(frozenset(), frozenset({"pin"}))},
            "placeholders that may be used",
        ),
        ({"sample_slots": 3}, "placeholder of the slots"),
        ({"code": "x" * 41}, "code"),
        ({"label": "Moved"}, "label in Czech"),
        ({"variant_of": "moved"}, "when the variant applies"),
        ({"is_retired": True}, "reason to be retired"),
    ],
)
def test_a_part_that_is_left_out_is_found(change: dict[str, Any], missing: str) -> None:
    incomplete = dataclasses.replace(KINDS["moved"], **change)
    assert missing in missing_parts(incomplete)


@pytest.mark.parametrize("code", CODES)
def test_events_of_a_kind_are_followed_up(code: str) -> None:
    assert not [event.__name__ for event in KINDS[code].events if not event.followed_up]
    assert all(REGISTRY[event.__name__] is event for event in KINDS[code].events)


def test_an_event_causes_at_most_one_message_to_a_person() -> None:
    moved = KINDS["moved"]
    assert by_event([moved]) == {"BookingMoved": moved, "OfferAccepted": moved}
    with pytest.raises(ValueError, match="BookingMoved"):
        by_event([moved, dataclasses.replace(moved, code="moved_again")])
    with pytest.raises(ValueError, match="moved"):
        by_code([moved, dataclasses.replace(moved, events=(events.PinChanged,))])


def test_every_template_belongs_to_a_kind() -> None:
    used = {kind.mail.template or kind.code for kind in KINDS.values() if kind.mail}
    there = {path.stem for path in TEMPLATES.iterdir() if not path.name.startswith("_")}
    assert there == used
    for name in used:
        get_template(f"messaging/{name}.txt")
        get_template(f"messaging/{name}.html")


def test_a_variant_is_never_stored_and_takes_over_only_where_it_applies() -> None:
    for code, kind in KINDS.items():
        if kind.variant_of:
            assert code not in kinds.STORED
            assert not kind.events
            assert KINDS[kind.variant_of].variant_of == ""
    message = Message(kind="cancelled")
    assert kinds.kind_of_texts(message).code == "cancelled"
    assert kinds.kind_of_texts(Message(kind="moved")).code == "moved"
    assert KINDS["cancelled_by_office"].sample_state == BookingState.CANCELLED_BY_OFFICE


def test_a_kind_that_is_not_registered_keeps_its_code_as_its_name() -> None:
    assert kinds.label_of("from_the_future") == "from_the_future"


def test_texts_for_short_messages_use_only_what_a_short_message_can_say() -> None:
    for kind in KINDS.values():
        if kind.own_texts:
            allowed = message_texts.allowed_placeholders(kind.own_texts, "sms")
            assert allowed <= message_texts.SHORT
