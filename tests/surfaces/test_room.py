"""The room's page: whom a link lets in, what the page says, and what it may use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from prepazka.booking.models import Booking
from prepazka.meetings import participant_links, room, seats
from prepazka.meetings.models import Meeting, Participant
from prepazka.offices.models import Office
from tests import conferencing, refusals, town
from tests.halls import Clock, text_of
from tests.meetings_town import Held, held

pytestmark = pytest.mark.django_db
NOW = town.at("8:50")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(NOW)
    monkeypatch.setattr("prepazka.surfaces.room.views.now", made)
    return made


@pytest.fixture
def here(clock: Clock) -> Held:
    return held()


def enter(here: Held, who: Participant, client: Client | None = None, **form: str) -> Any:
    return (client or here.client(who)).post(here.path(who) + "vstup/", form)


@pytest.mark.real_time
def test_the_page_alone_may_use_the_camera(here: Held) -> None:
    answer = here.client(here.citizen).get(here.path(here.citizen))
    said = text_of(answer)
    for words in ("Ing. Jana Nováková", "Ohlášení stavby", "9:00–9:30", "353 000 112", "Od 8:45"):
        assert words in said
    assert "camera=(self), microphone=(self)" in answer.headers["Permissions-Policy"]
    assert "display-capture=(self)" in answer.headers["Permissions-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    other = Client().get("/lhota/").headers["Permissions-Policy"]
    assert "camera=(), microphone=(), display-capture=()" in other
    # Without scripts the page still says what is needed, and the telephone.
    assert "Video potřebuje JavaScript" in said


def test_links_that_open_nothing_any_more_say_why(here: Held, clock: Clock) -> None:
    def shown(words: str, status: int = 410) -> None:
        answer = Client().get(here.path(here.citizen))
        assert (answer.status_code, words in text_of(answer)) == (status, True)
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert enter(here, here.citizen).status_code in {403, 410}

    Participant.objects.filter(pk=here.citizen.pk).update(link=2)
    shown("Tento odkaz už neplatí")
    Participant.objects.filter(pk=here.citizen.pk).update(link=1, revoked_at=NOW)
    shown("Tento odkaz už neplatí")
    Participant.objects.filter(pk=here.citizen.pk).update(revoked_at=None, place="removed")
    shown("účast na této schůzce byla ukončena")
    Participant.objects.filter(pk=here.citizen.pk).update(place="away")
    clock.set(NOW + timedelta(days=1))
    shown("jiný den")
    clock.set(NOW)
    Booking.objects.update(state="cancelled_by_office")
    shown("neuskuteční")
    Booking.objects.update(state="confirmed")
    room.enter_room(participant=here.chair.pk, link=1, now=NOW)
    room.end_meeting(chair=here.chair.pk, now=NOW)
    shown("Schůzka skončila")
    wrong = f"/lhota/schuzka/{participant_links.sign_token(here.citizen.pk, 1)}x/"
    assert Client().get(wrong).status_code == 404
    assert Client().get(here.path(here.citizen).replace("lhota", "jinde")).status_code == 404


def test_the_chairs_link_alone_gives_no_powers(here: Held) -> None:
    page = here.path(here.chair)
    assert Client().get(page).headers["Location"].startswith("/ucet/login/")
    assert enter(here, here.chair, Client()).status_code == 302
    stranger = Client()
    stranger.force_login(town.clerk(town.office("horka"), "cizi", "administrator"))
    assert stranger.get(page).status_code == 404
    assert enter(here, here.chair, stranger).status_code == 404
    assert Participant.objects.get(pk=here.chair.pk).place == "away"
    official = here.client(here.chair)
    assert "Zahájit schůzku" in text_of(official.get(page))
    assert enter(here, here.chair, official).json()["place"] == "inside"


def test_the_steps_of_the_room(here: Held, settings: Any) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:a"], "x"
    citizen, official = here.client(here.citizen), here.client(here.chair)
    theirs, ours = here.path(here.citizen), here.path(here.chair)
    assert citizen.get(theirs + "uvnitr/").status_code == 403
    sat = enter(here, here.citizen, citizen).json()
    read = seats.read_seat(sat["credential"])
    assert read
    assert (str(read.seat), read.meeting) == (sat["seat"], here.meeting.pk)
    assert citizen.get(theirs + "poradi/").json()["text"].startswith("Jste na řadě.")
    assert citizen.get(theirs + "uvnitr/").status_code == 403, "the lobby gets no relay, no chat"
    asked = enter(here, here.citizen)
    assert (asked.status_code, asked.json()["code"]) == (409, "seat_taken")

    mine = enter(here, here.chair, official).json()["seat"]
    them = {"seat": sat["seat"], "who": str(here.chair.pk)}

    def step(client: Client, page: str, action: str, form: dict[str, str]) -> int:
        return client.post(f"{page}krok/{action}/", form).status_code

    for action in ("pustit", "vratit", "ztlumit", "odebrat", "skoncit", "rici", "ruka"):
        assert step(citizen, theirs, action, them | {"text": "x"}) == 403, action
    form = {"seat": mine, "who": str(here.citizen.pk)}
    assert step(official, ours, "pustit", form | {"seat": sat["seat"]}) == 403, "another's seat"
    assert step(official, ours, "pustit", form) == 200
    assert step(official, ours, "cizi", form) == 404
    assert step(citizen, theirs, "rici", them | {"text": "<b>Dobrý den</b>"}) == 200
    assert step(citizen, theirs, "rici", them | {"text": " "}) == 422
    inside = citizen.get(theirs + "uvnitr/").json()
    assert [one["text"] for one in inside["said"]] == ["<b>Dobrý den</b>"]
    assert inside["ice"][0]["urls"] == ["turn:a"]
    assert step(citizen, theirs, "odejit", them) == 200
    assert citizen.get(theirs + "uvnitr/").status_code == 403
    assert step(official, ours, "skoncit", form) == 200


def test_every_step_wants_our_form(here: Held) -> None:
    strict = Client(enforce_csrf_checks=True)
    token = participant_links.sign_token(here.citizen.pk, 1)
    for name, more in (("room:enter", []), ("room:step", ["odejit"])):
        assert strict.post(reverse(name, args=["lhota", token, *more])).status_code == 403


def test_the_way_into_a_room_elsewhere_is_made_for_whoever_is_inside(
    here: Held, settings: Any
) -> None:
    with conferencing.jitsi() as meet:
        settings.JITSI_URL, settings.JITSI_APP_ID = meet.url, conferencing.APP
        settings.JITSI_SECRET = conferencing.SECRET
        settings.JITSI_SUBJECT, meet.now = conferencing.DOMAIN, NOW
        Office.objects.update(video_rooms=["jitsi", "embedded"], version=77)
        chair = here.client(here.chair)
        page = chair.get(here.path(here.chair)).content.decode()
        assert "na konferenčním serveru" in text_of(
            here.client(here.citizen).get(here.path(here.citizen))
        )
        assert meet.url not in page
        sat = enter(here, here.chair, chair).json()
        assert Meeting.objects.get().provider == "jitsi"
        way = chair.get(here.path(here.chair) + "mistnost/", {"misto": sat["seat"]})
        assert way.status_code == 302
        assert "no-store" in way.headers["Cache-Control"]
        assert way.headers["Referrer-Policy"] == "no-referrer"
        assert httpx.get(way["Location"]).text == "welcome"
        # Who is in the lobby, has another seat, or none, gets no way in.
        citizen = here.client(here.citizen)
        seat = enter(here, here.citizen, citizen).json()["seat"]
        path = here.path(here.citizen) + "mistnost/"
        for misto in (seat, sat["seat"], "x", ""):
            refused = citizen.get(path, {"misto": misto})
            assert refused.status_code == 403
            assert meet.url not in refused.content.decode()
        room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
        way = citizen.get(path, {"misto": seat})
        assert httpx.get(way["Location"]).text == "welcome"
        assert [one["moderator"] for one in meet.entered] == ["true", "false"]
        room.remove_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
        assert citizen.get(path, {"misto": seat}).status_code == 410


def test_a_server_that_goes_away_moves_the_meeting_by_the_officials_hand_only(
    here: Held, settings: Any
) -> None:
    with conferencing.bigbluebutton() as bbb:
        settings.BBB_URL, settings.BBB_SECRET = bbb.url, conferencing.BBB_SECRET
        Office.objects.update(video_rooms=["bigbluebutton"], version=78)
        chair, citizen = here.client(here.chair), here.client(here.citizen)
        sat = enter(here, here.chair, chair).json()
        seat = enter(here, here.citizen, citizen).json()["seat"]
        room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
        bbb.fault = "500"
        path = here.path(here.citizen)
        away = citizen.get(path + "mistnost/", {"misto": seat})
        assert (away.status_code, refusals.says(text_of(away), "wait_for_official")) == (503, True)
        assert Meeting.objects.get().provider == "bigbluebutton"
        moved = chair.get(here.path(here.chair) + "mistnost/", {"misto": sat["seat"]})
        assert (moved.status_code, refusals.says(text_of(moved), "moved_on")) == (503, True)
        assert Meeting.objects.get().provider == "telephone"
        # There is no room to be sent to; the page says how it goes on.
        back = citizen.get(path + "mistnost/", {"misto": seat})
        assert back["Location"].endswith(path)

        def choose(client: Client, who: Participant, mine: str, **form: str) -> Any:
            form |= {"seat": mine}
            return client.post(here.path(who) + "krok/mistnost/", form)

        assert choose(chair, here.chair, sat["seat"], room="bigbluebutton").status_code == 409
        assert choose(citizen, here.citizen, seat, room="embedded").status_code == 403
        assert choose(chair, here.chair, sat["seat"], room="embedded").status_code == 200
        assert Meeting.objects.get().provider == "embedded"
