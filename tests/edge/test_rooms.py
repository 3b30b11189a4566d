"""Rooms at the edge: who hears what, over two servers, and who may send at all."""

from __future__ import annotations

import contextlib
import json
import threading
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import transaction

from prepazka.edge import room_routes, room_streams
from prepazka.meetings import providers, room, seats, signals
from prepazka.meetings.models import Meeting, Participant, Signal
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import officials
from tests.clock import real_now
from tests.edge.conftest import Served, until
from tests.meetings_town import Held, held

STREAM, SEND, PULSE = (room_routes.PREFIX + what for what in ("proud", "signaly", "tep"))


@pytest.fixture
def here(served: Served) -> Held:
    officials.office(officials.FILE.replace("code: lhota", "code: horka"))
    return held(snapshot_by_slug("horka"), starts_at=now())


def now() -> datetime:
    return real_now()


class Tab:
    """A seat, and what its stream has said."""

    def __init__(self, here: Held, who: Participant, where: Served) -> None:
        entered = here.enter(who, now())
        self.who, self.where = entered.participant, where
        assert self.who.seat
        seat = seats.Seat(who.pk, here.meeting.pk, self.who.seat, who.link)
        self.headers = {"Authorization": f"Bearer {seats.sign_seat(seat)}"}
        self.events: list[tuple[str, Any]] = []
        self.last = str(entered.after)
        self.listen()

    def listen(self) -> None:
        self.connected, self.ended = threading.Event(), threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.connected.wait(20)  # or it would knock at a server that the test has left

    def _listen(self) -> None:
        with contextlib.suppress(httpx.TransportError):  # a server that stops may break it off
            self._stream()
        self.ended.set()

    def _stream(self) -> None:
        headers = self.headers | {"Last-Event-ID": self.last}
        url = f"http://127.0.0.1:{self.where.port}{STREAM}"
        with httpx.stream("GET", url, headers=headers, timeout=20) as answer:
            assert answer.headers["cache-control"] == "no-store"
            self.connected.set()
            name = ""
            for line in answer.iter_lines():
                key, _, value = line.partition(": ")
                if key == "id":
                    self.last = value
                elif key == "event":
                    name = value
                elif key == "data":
                    self.events.append((name, json.loads(value)))

    def send(self, kind: str = "point", to: Any = None, **body: Any) -> int:
        said = {"kind": kind, "body": body} | ({"to": str(to)} if to else {})
        return self.post({"signals": [said]})

    def post(self, body: Any) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body)
        return self.where.client.post(SEND, content=content, headers=self.headers).status_code

    def heard(self) -> list[Any]:
        return [said["body"] for name, said in self.events if name == "signal" and said["from"]]

    def state(self) -> Any:
        return next((said for name, said in reversed(self.events) if name == "state"), {})

    def place(self) -> str:
        return str(self.state().get("place", ""))


def admit(here: Held, who: Participant) -> None:
    room.admit_participant(chair=here.chair.pk, participant=who.pk, now=now())


def test_the_lobby_hears_nothing_and_the_room_everything(
    served: Served, second: Served, here: Held
) -> None:
    """The official is on one server, the others on another."""
    chair, citizen = Tab(here, here.chair, served), Tab(here, here.citizen, second)
    until("the lobby", lambda: citizen.place() == "lobby")
    until("the knock", lambda: len(chair.state().get("lobby", ())) == 1)
    assert chair.send(secret="before") == 200
    assert chair.send(to=citizen.who.seat, secret="to the lobby") == 200
    assert citizen.send(secret="from the lobby") == 403
    assert citizen.send(to=chair.who.seat, secret="from the lobby") == 403
    assert Signal.objects.filter(body__secret="from the lobby").count() == 0
    assert Signal.objects.filter(body__secret="to the lobby").count() == 0
    admit(here, here.citizen)
    assert chair.send(secret="after") == 200
    until("the first word", citizen.heard)
    assert citizen.heard() == [{"secret": "after"}]
    shown = [said for name, said in citizen.events if name == "state" and said["place"] == "lobby"]
    assert shown == [{"place": "lobby", "running": True, "provider": ""}]
    assert citizen.send(to=chair.who.seat, secret="hello") == 200
    until("the answer", lambda: chair.heard() == [{"secret": "hello"}])
    assert "lobby" not in citizen.state(), "only the chair sees who waits"
    room.return_to_lobby(chair=here.chair.pk, participant=here.citizen.pk, now=now())
    until("the lobby again", lambda: citizen.place() == "lobby")
    assert citizen.send(secret="still talking") == 403
    room.end_meeting(chair=here.chair.pk, now=now())
    for one in (chair, citizen):
        assert one.ended.wait(5)
        assert one.events[-1] == ("over", {"reason": "ended"})


def test_a_stream_reads_on_where_it_was_cut(served: Served, second: Served, here: Held) -> None:
    chair, citizen = Tab(here, here.chair, served), Tab(here, here.citizen, second)
    admit(here, here.citizen)
    chair.send(number=0)
    until("the first word", lambda: citizen.heard() == [{"number": 0}])
    for listener in list(second.edge.rooms.rooms[here.meeting.pk].listeners):
        second.loop.call_soon_threadsafe(listener.end)
    assert citizen.ended.wait(5)
    until("the room is forgotten", lambda: not second.edge.rooms.rooms)
    for number in range(1, 30):
        chair.send(number=number)
    citizen.where = served
    citizen.listen()
    until("all of it", lambda: len(citizen.heard()) == 30)
    assert [one["number"] for one in citizen.heard()] == list(range(30))


def test_many_who_speak_at_once_are_all_heard(served: Served, second: Served, here: Held) -> None:
    """Numbers of signals become visible in their order, so nothing is skipped."""
    chair, citizen = Tab(here, here.chair, served), Tab(here, here.citizen, second)
    guest = Tab(here, here.guest, served)
    for one in (here.citizen, here.guest):
        admit(here, one)
    threads = [
        threading.Thread(target=lambda one=one: [one.send(number=n) for n in range(40)])
        for one in (chair, citizen)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until("all of it", lambda: len(guest.heard()) == 80)


def test_why_a_stream_ends(served: Served, here: Held) -> None:
    def ended(who: Participant, reason: str, act: Any) -> None:
        tab = Tab(here, who, served)
        until("the stream", tab.place)
        act()
        assert tab.ended.wait(5)
        assert tab.events[-1] == ("over", {"reason": reason})
        assert tab.send(secret="too late") == 403

    def leave() -> None:
        seat = here.seat(here.citizen)
        room.leave_room(participant=here.citizen.pk, seat=seat, now=now())

    def remove() -> None:
        room.remove_participant(chair=here.chair.pk, participant=here.citizen.pk, now=now())

    Tab(here, here.chair, served)
    ended(here.citizen, "taken", lambda: here.enter(here.citizen, now(), take=True))
    Participant.objects.filter(pk=here.citizen.pk).update(seat=None)
    ended(here.citizen, "left", leave)
    ended(here.citizen, "removed", remove)

    def new_link() -> None:
        with transaction.atomic():
            Meeting.objects.select_for_update(no_key=True).get(pk=here.meeting.pk)
            Participant.objects.filter(pk=here.guest.pk).update(link=2)
            signals.send_signal(here.meeting.pk, "state")

    ended(here.guest, "revoked", new_link)


def test_what_is_not_understood_or_allowed(served: Served, here: Held) -> None:
    chair = Tab(here, here.chair, served)
    before = Signal.objects.count()
    large = {"kind": "sdp", "body": {"sdp": "x" * signals.LARGEST}}
    fine = {"kind": "point", "body": {}}
    odd: list[Any] = [
        b"",
        b"[",
        b"[" * 5000,
        {},
        {"signals": []},
        {"signals": [fine] * (signals.MOST + 1)},
        {"signals": [large]},
        {"signals": [{"kind": "mute", "body": {}}]},
        {"signals": [{"kind": "said", "body": {}}]},
        {"signals": [{"kind": "point", "body": []}]},
        {"signals": [fine | {"to": "nobody"}]},
        {"signals": [{"kind": "point", "body": {"a": "\x00"}}]},
        b'{"signals": [{"kind": "point", "body": {"a": "\\ud800"}}]}',
        b'{"signals": [{"kind": "point", "body": {"a": NaN}}]}',
    ]
    for wrong in odd:
        assert chair.post(wrong) == 422, wrong
    assert chair.post(b"x" * (room_routes.LARGEST_POST + 1)) == 413
    assert chair.send(to=uuid4()) == 200, "nobody sits there, so nobody hears it"
    assert Signal.objects.count() == before
    for said in ("", "Bearer x", "Bearer nope", chair.headers["Authorization"][:-1]):
        for method, path in (("GET", STREAM), ("POST", SEND), ("POST", PULSE)):
            answer = served.client.request(method, path, headers={"Authorization": said})
            assert answer.status_code == 401
    assert served.client.post(STREAM, headers=chair.headers).status_code == 405
    assert served.client.get(room_routes.PREFIX + "cizi").status_code == 404
    fresh = served.client.post(PULSE, headers=chair.headers).json()["credential"]
    assert seats.read_seat(fresh) == seats.read_seat(chair.headers["Authorization"][7:])


def test_who_sends_too_much_must_wait(
    served: Served, here: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_streams, "BURST", 5.0)
    monkeypatch.setattr(room_streams, "RATE", 0.1)
    chair = Tab(here, here.chair, served)
    assert [chair.send(number=n) for n in range(7)] == [200] * 5 + [429] * 2


def test_the_lobby_and_the_room_hear_at_once_where_the_meeting_goes_on(
    served: Served, second: Served, here: Held
) -> None:
    chair, citizen = Tab(here, here.chair, served), Tab(here, here.citizen, second)
    until("the lobby", lambda: citizen.place() == "lobby")
    until("the room", lambda: chair.place() == "inside")
    providers.change_provider(
        meeting=here.meeting.pk,
        provider="telephone",
        office=here.office,
        chair=here.chair.pk,
        now=real_now(),
    )
    until("the news inside", lambda: chair.state().get("provider") == "telephone")
    until("the news in the lobby", lambda: citizen.state().get("provider") == "telephone")
