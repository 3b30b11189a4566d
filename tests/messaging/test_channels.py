"""Every channel has its whole entry: who can be written to by it, what leaves, what fails, how it is shown."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

import prepazka
from prepazka.jobs.tasks import GATEWAYS
from prepazka.journal.models import Event
from prepazka.messaging import channels, message_delivery
from prepazka.messaging.channels import ADAPTERS, adapter_of, channel_for
from prepazka.messaging.message_types import Undeliverable
from prepazka.messaging.models import Message
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters
from prepazka.queueing.models import TurnAlert
from prepazka.queueing.turn_alerts import AlertContact
from prepazka.surfaces.console.console_texts import way_in_words
from prepazka.surfaces.manager.message_pages import mask_contact
from tests import rounds, town
from tests.usecases.test_turn_alerts import BROWSER, MAIL, NINE, PHONE, asked, issue

pytestmark = pytest.mark.django_db
SOURCE = Path(prepazka.__file__).parent
CHANNELS = list(Message.Channel)
# In a template: a channel, or what a page calls it, beside the name of one.
IN_TEMPLATES = re.compile(r"""\b(?:channel|told|way)\s*(?:==|!=|in)\s*["'](?:email|sms|push)\b""")
# A new channel needs a contact here, or its tests fail.
CONTACTS = {Message.Channel.EMAIL: MAIL, Message.Channel.SMS: PHONE, Message.Channel.PUSH: BROWSER}


@pytest.fixture
def office(settings: Any) -> OfficeSnapshot:
    settings.SMS_GATEWAY = "file"
    where = town.office()
    rules = {"sms": True, "quiet_from_min": 1, "quiet_to_min": 0}  # quiet all day
    Office.objects.update(messages_data=rules, version=2)
    opened = snapshot_of(Office.objects.get(pk=where.office_id))
    counters.open_counter(
        counter=town.counter(opened), clerk=town.clerk(opened).pk, now=town.at("8:59")
    )
    return opened


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> Message.Channel:
    chosen: Message.Channel = request.param
    return chosen


def message_by(office: OfficeSnapshot, channel: Message.Channel) -> Message:
    asked(issue(office), CONTACTS[channel])
    rounds.tell_near(now=NINE)
    event = Event.objects.get(kind="TurnNear").pk
    (message,) = message_delivery.compose_messages(event=event, now=NINE)
    return message


def test_each_channel_has_an_entry_and_a_gateway() -> None:
    assert set(ADAPTERS) == set(Message.Channel), "messaging.channels.ADAPTERS"
    assert set(GATEWAYS) == set(Message.Channel), "jobs.tasks.GATEWAYS"


def test_its_contact_chooses_it_and_its_gateway_gets_what_it_composes(
    office: OfficeSnapshot, channel: Message.Channel
) -> None:
    message = message_by(office, channel)
    assert message.channel == channel
    left: list[Any] = []
    gateways: dict[str, Any] = dict.fromkeys(CHANNELS, pytest.fail) | {channel: left.append}
    message_delivery.deliver_message(message=message.pk, gateways=gateways, now=NINE)
    message.refresh_from_db()
    assert (message.state, left) == ("sent", [adapter_of(message).compose(message, now=NINE)])


def test_it_is_shown_and_labelled(office: OfficeSnapshot, channel: Message.Channel) -> None:
    message = message_by(office, channel)
    adapter = adapter_of(message)
    to, _subject, text = adapter.shown(adapter.compose(message, now=NINE))
    label = message.alert and message.alert.ticket.label
    assert to
    assert label
    assert label in text
    hidden = mask_contact(message)
    assert hidden
    assert hidden not in {MAIL.email, PHONE.phone}
    with translation.override("cs"):
        in_czech = [str(adapter.label), way_in_words(channel)]
    with translation.override("en"):
        assert in_czech[1] != way_in_words(channel), "translated"
    with translation.override("cs"):
        turn_in_czech = str(adapter.turn_announcement)
    with translation.override("en"):
        assert str(adapter.turn_announcement) not in {"", turn_in_czech}
    others = {str(ADAPTERS[other].label) for other in CHANNELS if other != channel}
    assert str(adapter.label) not in others


def test_without_a_contact_it_is_not_chosen_and_sends_nothing(
    office: OfficeSnapshot, channel: Message.Channel
) -> None:
    message = message_by(office, channel)
    TurnAlert.objects.update(email="", phone="", push={})
    alert = TurnAlert.objects.get()
    assert channel_for(alert, office.row) is None
    gateways: dict[str, Any] = dict.fromkeys(CHANNELS, pytest.fail)
    message_delivery.deliver_message(message=message.pk, gateways=gateways, now=NINE)
    message.refresh_from_db()
    assert (message.state, message.error) == ("failed", message_delivery.NO_LONGER_NEEDED)


def test_a_contact_that_cannot_be_written_to_fails_for_good(
    office: OfficeSnapshot, channel: Message.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = message_by(office, channel)
    adapter = adapter_of(message)
    nowhere = {**ADAPTERS, channel: dataclasses.replace(adapter, address=lambda _contact: "")}
    monkeypatch.setattr(channels, "ADAPTERS", nowhere)
    with pytest.raises(Undeliverable) as failure:
        message_delivery.deliver_message(
            message=message.pk, gateways={channel: pytest.fail}, now=NINE
        )
    message.refresh_from_db()
    assert failure.value.permanent
    assert (message.state, message.error) == ("failed", adapter.no_address)


def test_a_channel_without_a_gateway_fails_for_good(
    office: OfficeSnapshot, channel: Message.Channel
) -> None:
    message = message_by(office, channel)
    with pytest.raises(Undeliverable):
        message_delivery.deliver_message(message=message.pk, gateways={}, now=NINE)
    message.refresh_from_db()
    assert (message.state, message.error) == ("failed", message_delivery.NO_GATEWAY)


@pytest.mark.parametrize("permanent", [True, False])
def test_the_gateway_says_whether_a_failure_is_permanent(
    office: OfficeSnapshot, channel: Message.Channel, *, permanent: bool
) -> None:
    message = message_by(office, channel)

    def refuse(_composed: object) -> None:
        raise Undeliverable("refused", permanent=permanent)

    with pytest.raises(Undeliverable):
        message_delivery.deliver_message(message=message.pk, gateways={channel: refuse}, now=NINE)
    message.refresh_from_db()
    assert message.state == ("failed" if permanent else "queued")
    assert TurnAlert.objects.get().has_contact


def test_a_contact_is_forgotten_after_the_failures_that_end_it(
    office: OfficeSnapshot, channel: Message.Channel
) -> None:
    for kind in ADAPTERS[channel].ends_contact:
        message = message_by(office, channel)

        def gone(_composed: object, kind: type[Any] = kind) -> None:
            raise kind

        with pytest.raises(kind):
            message_delivery.deliver_message(message=message.pk, gateways={channel: gone}, now=NINE)
        assert not TurnAlert.objects.get().has_contact


def test_only_channels_with_a_monthly_limit_are_counted(
    office: OfficeSnapshot, channel: Message.Channel
) -> None:
    Office.objects.update(messages_data={"sms": True, "monthly_limit": 0}, version=3)
    asked(issue(office), CONTACTS[channel])
    rounds.tell_near(now=NINE)
    event = Event.objects.get(kind="TurnNear").pk
    message_delivery.compose_messages(event=event, now=NINE)
    message = Message.objects.get()
    limit = ADAPTERS[channel].monthly_limit
    assert message.state == ("failed" if limit else "queued")
    assert message.error == (limit.exceeded if limit else "")


def test_the_first_channel_of_several_contacts_is_that_which_says_most(
    office: OfficeSnapshot,
) -> None:
    everything = AlertContact(email=MAIL.email, phone=PHONE.phone, push=BROWSER.push)
    alert = asked(issue(office), everything)
    order = []
    for field, nothing in (("email", ""), ("push", {}), ("phone", "")):
        order.append(channel_for(alert, office.row))
        setattr(alert, field, nothing)
    assert order == list(ADAPTERS)
    assert channel_for(alert, office.row) is None


def compared_channels(source: str) -> Iterator[int]:
    """The lines on which a program compares a message's channel with a certain one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            operands = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
        elif isinstance(node, ast.Match):
            operands = [
                *ast.walk(node.subject),
                *(p for c in node.cases for p in ast.walk(c.pattern)),
            ]
        else:
            continue
        names = {
            ast.unparse(part) for part in operands if isinstance(part, ast.Attribute | ast.Name)
        }
        values = {part.value for part in operands if isinstance(part, ast.Constant)}
        is_channel = any(name.split(".")[-1] == "channel" for name in names)
        if (is_channel and values & set(Message.Channel.values)) or any(
            re.search(rf"\bMessage\.Channel\.{member.name}$", name)
            for name in names
            for member in CHANNELS
        ):
            yield node.lineno


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("if message.channel == Message.Channel.SMS: pass", [1]),
        ("\nif models.Message.Channel.PUSH != way: pass", [2]),
        ("if channel in ('sms', 'push'): pass", [1]),
        ("match message.channel:\n case 'sms': pass", [1]),
        ("match message.channel:\n case Message.Channel.SMS: pass", [1]),
        ("if booking.channel in ('desk', 'phone'): pass", []),
        ("rows.filter(channel=Message.Channel.SMS)", []),
        ("if part == 'sms': pass", []),
    ],
)
def test_a_comparison_of_channels_is_found(source: str, lines: list[int]) -> None:
    assert list(compared_channels(source)) == lines


def test_no_module_but_the_adapters_compares_channels() -> None:
    comparing = {
        path.relative_to(SOURCE).as_posix(): lines
        for path in SOURCE.rglob("*.py")
        if (lines := list(compared_channels(path.read_text(encoding="utf-8"))))
    }
    assert set(comparing) <= {"messaging/channels.py"}, comparing


def test_no_template_compares_channels() -> None:
    assert IN_TEMPLATES.search('{% if message.channel == "sms" %}')
    assert IN_TEMPLATES.search("{% elif told == 'email' %}")
    assert not IN_TEMPLATES.search('{% if booking.channel == "phone" %}')
    comparing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.html")
        if IN_TEMPLATES.search(path.read_text(encoding="utf-8"))
    }
    assert comparing == set()
