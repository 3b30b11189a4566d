"""Rooms of Jitsi Meet, BigBlueButton and others, against servers that check what real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from prepazka.booking.models import Booking
from prepazka.core import gsm7
from prepazka.gateways import video
from prepazka.gateways.video import bigbluebutton, jitsi, video_http
from prepazka.gateways.video.video_types import Paper, Person, Unavailable, Venue
from prepazka.journal.models import Event
from prepazka.meetings import providers, room
from prepazka.meetings.models import Document, Meeting, Participant, Signal
from prepazka.messaging import message_delivery
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.messaging.sms import compose_sms
from prepazka.offices.models import Office, Service
from prepazka.offices.office_snapshot import snapshot_by_id
from tests import conferencing, town
from tests.conferencing import Conference
from tests.meetings_town import Held, held

NOW = town.at("8:58")
VENUE = Venue("p0a1b2c3", "Žádost o dotaci – Horka")
CHAIR = Person("a1", "Jana Nováková & spol.", leads=True)
CITIZEN = Person("b2", "Karel Veselý", leads=False)


@pytest.fixture
def meet(settings: Any) -> Iterator[Conference]:
    with conferencing.jitsi() as found:
        settings.JITSI_URL, settings.JITSI_APP_ID = found.url, conferencing.APP
        settings.JITSI_SECRET = conferencing.SECRET
        settings.JITSI_SUBJECT = conferencing.DOMAIN
        found.now = NOW
        yield found


@pytest.fixture
def bbb(settings: Any) -> Iterator[Conference]:
    with conferencing.bigbluebutton() as found:
        settings.BBB_URL, settings.BBB_SECRET = found.url, conferencing.BBB_SECRET
        yield found


@pytest.fixture
def here() -> Held:
    return held()


def listed(here: Held, *rooms: str, link: str = "") -> None:
    """The office's list of rooms, as its file would say."""
    Office.objects.filter(pk=here.office.office_id).update(video_rooms=list(rooms), video_link=link)
    here.office = snapshot_by_id(here.office.office_id)
    here.office.row.refresh_from_db()


def fresh(here: Held) -> Meeting:
    return Meeting.objects.select_related("booking").get(pk=here.meeting.pk)


# --- the servers' own rules


def test_jitsi_lets_in_whoever_has_the_token_and_into_that_room_only(meet: Conference) -> None:
    jitsi.prepare(VENUE)
    for person in (CHAIR, CITIZEN):
        assert httpx.get(jitsi.address(VENUE, person, now=NOW)).text == "welcome"
    chair, citizen = meet.entered
    assert (chair["name"], chair["moderator"], chair["affiliation"]) == (
        CHAIR.name,
        "true",
        "owner",
    )
    assert (citizen["moderator"], citizen["affiliation"]) == ("false", "member")
    elsewhere = jitsi.address(VENUE, CITIZEN, now=NOW).replace(VENUE.code, "another")
    assert httpx.get(elsewhere).text == "room does not match"
    assert httpx.get(f"{meet.url}/{VENUE.code}").text == "token required"
    meet.now = NOW + jitsi.GOOD_FOR + timedelta(seconds=1)
    assert "exp" in httpx.get(jitsi.address(VENUE, CITIZEN, now=NOW)).text


def test_jitsi_refuses_another_secret_application_and_domain(
    meet: Conference, settings: Any
) -> None:
    settings.JITSI_SECRET = "another-secret-of-the-same-length"
    assert httpx.get(jitsi.address(VENUE, CITIZEN, now=NOW)).text == "invalid signature"
    settings.JITSI_SECRET, settings.JITSI_APP_ID = conferencing.SECRET, "another"
    assert httpx.get(jitsi.address(VENUE, CITIZEN, now=NOW)).text == "invalid issuer"
    settings.JITSI_APP_ID, settings.JITSI_SUBJECT = conferencing.APP, "else.example"
    assert httpx.get(jitsi.address(VENUE, CITIZEN, now=NOW)).text == "domain does not match"
    assert not meet.entered


def test_bigbluebutton_is_created_with_papers_and_joined_by_role(bbb: Conference) -> None:
    papers = [Paper("plán & výkres.pdf", b"%PDF-1.7 plan"), Paper("huge.pdf", b"x" * 1_500_000)]
    bigbluebutton.prepare(VENUE, papers)
    assert bbb.papers == {"plán & výkres.pdf": b"%PDF-1.7 plan"}
    made = bbb.meetings[VENUE.code]
    assert (made["name"], made["guestPolicy"]) == (VENUE.name, "ASK_MODERATOR")
    assert made["record"] == made["allowStartStopRecording"] == "false"
    for person in (CHAIR, CITIZEN):
        assert httpx.get(bigbluebutton.address(VENUE, person, now=NOW)).text == "welcome"
    assert [(one["fullName"], one["role"]) for one in bbb.entered] == [
        (CHAIR.name, "MODERATOR"),
        (CITIZEN.name, "VIEWER"),
    ]
    assert not any("guest" in one for one in bbb.entered)
    assert bigbluebutton.is_running(VENUE)
    bigbluebutton.prepare(VENUE, [Paper("late.pdf", b"%PDF")])  # it is there already
    assert "late.pdf" not in bbb.papers
    bigbluebutton.close(VENUE)
    assert not bbb.meetings


def test_a_join_that_was_changed_or_belongs_to_an_earlier_meeting_opens_nothing(
    bbb: Conference,
) -> None:
    address = bigbluebutton.address(VENUE, CITIZEN, now=NOW)
    assert "checksumError" in httpx.get(address.replace("VIEWER", "MODERATOR")).text
    bbb.meetings.clear()
    bigbluebutton.prepare(VENUE)
    assert "mismatchCreateTime" in httpx.get(address).text
    assert not bbb.entered


@pytest.mark.parametrize("fault", ["slow", "500", "garbage", "redirect", "bomb", "secret", "unset"])
def test_a_server_that_fails_is_unavailable_and_says_no_secret(
    bbb: Conference, meet: Conference, settings: Any, monkeypatch: Any, fault: str
) -> None:
    monkeypatch.setattr(video_http, "TIMEOUT", httpx.Timeout(0.3))
    bbb.fault = meet.fault = fault
    if fault == "secret":
        settings.BBB_SECRET = "wrong"
    if fault == "unset":
        settings.BBB_SECRET = settings.JITSI_SECRET = ""
    with pytest.raises(Unavailable) as said:
        bigbluebutton.prepare(VENUE)
    assert "checksum=" not in str(said.value)
    assert conferencing.BBB_SECRET not in str(said.value)
    with pytest.raises(Unavailable):
        bigbluebutton.address(VENUE, CITIZEN, now=NOW)
    if fault in {"slow", "500", "redirect", "unset"}:  # the rest is about answers that are read
        with pytest.raises(Unavailable):
            jitsi.prepare(VENUE)
    bigbluebutton.close(VENUE)  # never fails
    assert not any("elsewhere" in one for one in (*bbb.asked, *meet.asked))


def test_a_server_that_is_not_there(settings: Any) -> None:
    settings.BBB_URL, settings.BBB_SECRET = "http://127.0.0.1:9", "x"
    with pytest.raises(Unavailable):
        bigbluebutton.prepare(VENUE)


# --- which room a meeting is in


database = pytest.mark.django_db


@database
def test_the_first_room_that_can_be_had_is_the_meetings(
    here: Held, meet: Conference, bbb: Conference
) -> None:
    listed(here, "bigbluebutton", "jitsi", "embedded")
    bbb.fault = "500"
    assert video.choose_provider(fresh(here), here.office, now=NOW) == "jitsi"
    assert fresh(here).provider == "jitsi"
    event = Event.objects.get(kind="MeetingProviderChanged")
    assert (event.data["was"], event.data["why"]) == ("bigbluebutton", "unavailable")
    bbb.fault = ""
    assert video.choose_provider(fresh(here), here.office, now=NOW) == "jitsi"  # decided already


@database
def test_without_any_server_the_telephone_is_left(here: Held) -> None:
    listed(here, "jitsi", "bigbluebutton")
    assert video.choose_provider(fresh(here), here.office, now=NOW) == "telephone"


@database
def test_the_planned_room_is_no_news(here: Held) -> None:
    listed(here, "embedded")
    assert video.choose_provider(fresh(here), here.office, now=NOW) == "embedded"
    assert not Event.objects.filter(kind="MeetingProviderChanged").exists()


@database
def test_a_topic_has_rooms_of_its_own(here: Held, meet: Conference) -> None:
    listed(here, "embedded")
    Service.objects.filter(pk=here.meeting.booking.service_id).update(video_rooms=["jitsi"])
    Office.objects.update(version=99)
    office = snapshot_by_id(here.office.office_id)
    assert providers.rooms_of(fresh(here), office) == ["jitsi", "telephone"]


@database
def test_when_a_server_goes_away_the_next_room_is_taken_once(here: Held, meet: Conference) -> None:
    listed(here, "jitsi", "embedded")
    here.enter(here.chair, NOW)
    meeting = fresh(here)
    assert video.choose_provider(meeting, here.office, now=NOW) == "jitsi"
    failed: dict[str, Any] = {"failed": "jitsi", "now": NOW}
    assert video.fall_back(fresh(here), here.office, **failed) == "embedded"
    # A second one who failed in the first room does not drive the meeting on to the telephone.
    assert video.fall_back(meeting, here.office, **failed) == "embedded"
    assert fresh(here).provider == "embedded"
    told = Signal.objects.filter(kind="provider").values_list("body", flat=True)
    assert [one["provider"] for one in told] == ["jitsi", "embedded"]


def told_of(event: Event, at: Any = NOW) -> list[Message]:
    made = message_delivery.compose_messages(event=event.pk, now=at)
    return [one for one in made if not message_delivery.is_pointless(one, at)]


@database
def test_who_is_not_there_gets_a_message_with_how_to_join_once_per_change(
    here: Held, settings: Any
) -> None:
    listed(here, "embedded", link="https://teams.example/{code}")
    here.enter(here.chair, NOW)
    here.enter(here.citizen, NOW)
    Participant.objects.filter(pk=here.guest.pk).update(email="eva@posta.example")
    change: dict[str, Any] = {"meeting": here.meeting.pk, "office": here.office, "now": NOW}
    providers.change_provider(provider="link", **change)
    providers.change_provider(provider="link", **change)
    event = Event.objects.get(kind="MeetingProviderChanged")
    (message,) = told_of(event)
    assert (message.kind, message.to.email) == ("meeting_room", "eva@posta.example")
    for _ in range(2):
        assert [one.pk for one in message_delivery.compose_messages(event=event.pk, now=NOW)] == [
            message.pk
        ]
    said = compose_mail(message, now=NOW).text
    assert here.path(here.guest) in said
    assert "zůstává stejný" in said
    # The citizen's page is closed, and the telephone is all that is left.
    Participant.objects.filter(pk=here.citizen.pk).update(seen_at=town.FRIDAY_BEFORE)
    providers.change_provider(provider="telephone", **change)
    assert message_delivery.is_pointless(message, NOW), "there is a later change"
    last = Event.objects.filter(kind="MeetingProviderChanged").last()
    assert last
    told = {one.kind: one for one in told_of(last)}
    assert set(told) == {"room_changed", "meeting_room"}
    for one in told.values():
        made = compose_mail(one, now=NOW)
        for part in (made.text, made.html):
            assert "Zavolejte prosím na 353 000 112." in part.replace("\u00a0", " ")
            assert "Po videu" not in part
    here.enter(here.guest, NOW)
    assert message_delivery.is_pointless(told["meeting_room"], NOW), (
        "the page has said it meanwhile"
    )
    room.end_meeting(chair=here.chair.pk, now=NOW)
    assert message_delivery.is_pointless(told["room_changed"], NOW)


@database
def test_who_booked_by_telephone_alone_gets_a_short_message(here: Held, settings: Any) -> None:
    settings.SMS_GATEWAY = "log"
    Office.objects.update(messages_data={"sms": True}, version=5)
    listed(here, "embedded")
    Booking.objects.update(email="", phone="+420777123456", short_code="abcdefghjkmn")
    providers.change_provider(
        meeting=here.meeting.pk, office=here.office, provider="telephone", now=NOW
    )
    (message,) = told_of(Event.objects.get(kind="MeetingProviderChanged"))
    assert message.channel == Message.Channel.SMS
    sms = compose_sms(message, now=NOW).text
    assert "bude telefonem, zavolame Vam; nas telefon 353 000 112" in sms
    assert gsm7.count_parts(sms) == 1


@database
def test_only_the_chair_moves_a_meeting_and_only_where_it_can_be(here: Held) -> None:
    listed(here, "embedded")
    common: dict[str, Any] = {"meeting": here.meeting.pk, "office": here.office, "now": NOW}
    with pytest.raises(room.OnlyTheChair):
        providers.change_provider(provider="telephone", chair=here.chair.pk, **common)
    here.enter(here.chair, NOW)
    here.enter(here.citizen, NOW)
    with pytest.raises(room.OnlyTheChair):
        providers.change_provider(provider="telephone", chair=here.citizen.pk, **common)
    common["chair"] = here.chair.pk
    for provider, address, refusal in (
        ("jitsi", "", providers.NoSuchRoom),
        ("teleport", "", providers.NoSuchRoom),
        ("link", "", providers.NoRoomAddress),
        ("link", "http://teams.example/x", providers.NoRoomAddress),
        ("link", "javascript:alert(1)", providers.NoRoomAddress),
        ("link", "https://user:pass@teams.example/x", providers.NoRoomAddress),
    ):
        with pytest.raises(refusal):
            providers.change_provider(provider=provider, address=address, **common)
    teams = "https://teams.example/l/meetup-join/19%3ameeting_x"
    assert providers.change_provider(provider="link", address=teams, **common) == "link"
    assert video.address(fresh(here), here.office, here.citizen, now=NOW) == teams
    room.end_meeting(chair=here.chair.pk, now=NOW)
    with pytest.raises(room.MeetingOver):
        providers.change_provider(provider="embedded", **common)


@database
def test_the_template_gives_every_meeting_its_own_address(here: Held) -> None:
    listed(here, "link", link="https://meet.example/{code}?x=1")
    other = held(here.office, starts_at=town.at("9:30"))
    first = providers.address_of(fresh(here), here.office)
    second = providers.address_of(other.meeting, here.office)
    assert first.startswith("https://meet.example/p")
    assert first.endswith("?x=1")
    assert first != second
    assert str(here.meeting.pk).replace("-", "")[:12] not in first


@database
def test_checked_documents_are_in_the_room_from_the_beginning(
    here: Held, bbb: Conference, settings: Any
) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"papers": memory}
    for name, state, size in (
        ("plan.pdf", "ready", 9),
        ("virus.pdf", "refused", 9),
        ("film.pdf", "ready", 90_000_000),
        ("lost.pdf", "ready", 9),
    ):
        Document.objects.create(
            office=here.office.row,
            meeting=here.meeting,
            name=name,
            kind="pdf",
            size=size,
            sha256="",
            key=name[:4],
            state=state,
            created_at=NOW,
        )
    for key in ("plan", "viru", "film"):
        storages["papers"].save(f"{key}/file", ContentFile(b"%PDF " + key.encode()))
    listed(here, "bigbluebutton")
    assert video.choose_provider(fresh(here), here.office, now=NOW) == "bigbluebutton"
    assert bbb.papers == {"plan.pdf": b"%PDF plan"}
