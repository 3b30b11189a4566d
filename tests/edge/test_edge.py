"""The edge on a real port: streams that cost nothing once they are gone, answers from memory."""

from __future__ import annotations

import re
import socket
import time
from typing import Any
from uuid import uuid4

import pytest

from prepazka.edge.answer_cache import Snapshots
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import tickets
from tests import town
from tests.clock import real_now
from tests.edge.conftest import HEARTBEAT, Served, until

MONITOR = "/api/v1/offices/lhota/monitor"
SLOTS = "/api/v1/offices/lhota/services/prepis/slots"


def read_until(raw: socket.socket, wanted: bytes, within: float = 5.0) -> bytes:
    raw.settimeout(within)
    heard = b""
    while wanted not in heard:
        part = raw.recv(4096)
        assert part, heard
        heard += part
    return heard


def issue(office: OfficeSnapshot) -> None:
    tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=real_now())


def test_a_stream_says_what_it_is_and_that_it_lives(served: Served) -> None:
    with served.stream() as raw:
        head = read_until(raw, b"data: []").decode().lower()
        assert head.startswith("http/1.1 200")
        for header in (
            "content-type: text/event-stream",
            "cache-control: no-store",
            "x-accel-buffering: no",
            "retry: 2000",
            "event: changed",
        ):
            assert header in head
        began = time.monotonic()
        read_until(raw, b"event: alive")
        assert time.monotonic() - began < 10 * HEARTBEAT


def test_an_event_wakes_the_stream_of_its_office_at_once(
    served: Served, office: OfficeSnapshot
) -> None:
    with served.stream() as raw:
        read_until(raw, b"event: alive")  # by now the hub listens
        began = time.monotonic()
        issue(office)
        heard = read_until(raw, b"event: changed")
        assert b'"queue"' in heard + read_until(raw, b"\n\n")
        assert time.monotonic() - began < 5


def test_a_stream_that_leaves_is_forgotten(served: Served, office: OfficeSnapshot) -> None:
    raws = [served.stream() for _ in range(40)]
    pk = office.office_id
    until("all to listen", lambda: served.listeners(pk) == 40)
    for raw in raws:
        raw.close()
    until("all to be forgotten", lambda: served.listeners(pk) == 0)
    assert not served.edge.hub._lines
    tasks = len(served.server.server_state.tasks)
    assert tasks == 0


def test_an_answer_is_given_once_and_then_named(served: Served) -> None:
    first = served.client.get(MONITOR)
    etag = first.headers["etag"]
    assert (first.status_code, first.headers["cache-control"]) == (200, "public, max-age=2")
    again = served.client.get(MONITOR, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    other = served.client.get(MONITOR, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.json()) == (200, first.json())


@pytest.mark.parametrize("path", [MONITOR, SLOTS, "/", "/lhota/", "/lhota/nazivo/"])
def test_head_is_get_without_a_body(served: Served, path: str) -> None:
    seen, head = served.client.get(path), served.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == seen.headers["content-type"]


def test_a_stream_is_only_for_reading(served: Served) -> None:
    head = served.client.head("/zive/lhota/")
    assert (head.status_code, head.headers["content-type"]) == (
        200,
        "text/event-stream; charset=utf-8",
    )
    posted = served.client.post("/zive/lhota/")
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/zive/nowhere/",
        "/zive//",
        "/zive/%00/",
        "/zive/a/b/",
        "/zive/%C5%99/",
        "/api/v1/offices/nowhere/monitor",
        "/api/v1/offices/lhota/services/no/slots",
        "/api/v1/offices/lhota/services/no/terms",
        "/api/v1/offices/%00/monitor",
        "/%00/",
        "/lhota/objednat/%00/",
    ],
)
def test_what_is_not_there_is_404(served: Served, path: str) -> None:
    answer = served.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"]


def test_deprecated_addresses_say_so_also_to_who_has_the_answer(served: Served) -> None:
    for old, successor in (
        (SLOTS.replace("slots", "terms"), SLOTS),
        ("/api/v1/offices/lhota/next", "/api/v1/offices/lhota/slots"),
    ):
        first = served.client.get(old)
        again = served.client.get(old, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code) == (200, 304)
        for answer in (first, again):
            assert answer.headers["deprecation"] == "@1795996800"
            assert answer.headers["link"] == f'<{successor}>; rel="successor-version"'
        new = served.client.get(successor)
        assert not {"deprecation", "link"} & set(new.headers)
        assert new.json()["slots"] == first.json()["terms"]


def test_an_answer_is_fresh_after_an_event(served: Served, office: OfficeSnapshot) -> None:
    def waiting() -> int:
        return int(served.client.get(MONITOR).json()["waiting"])

    assert waiting() == 0
    until("the hub to listen", lambda: served.edge.hub._tasks)
    for count in (1, 2, 3):
        issue(office)
        took = until("the new number", lambda c=count: waiting() == c, within=10)  # type: ignore[misc]
        assert took < 5


def test_odd_queries_take_no_memory(served: Served) -> None:
    for odd in range(60):
        assert served.client.get(f"{SLOTS}?persons={odd}&x={odd}").status_code == 200
        assert served.client.get(f"{MONITOR}?{odd}=&persons=%FF").status_code == 200
        served.client.get(f"/api/v1/offices/no-{odd}/monitor")
    assert served.client.get(f"{SLOTS}?persons=%C2%B2").status_code == 200
    assert len(served.edge.snapshots._kept) <= 21
    assert len(served.edge._offices) == 0


def test_a_client_that_does_not_read_holds_up_nobody(
    served: Served, office: OfficeSnapshot
) -> None:
    pk = office.office_id
    with (
        served.stream(receives=1024) as stuck,
        served.stream() as other,
        served.connect("GET / HTTP/1.1\nHost: loc"),
    ):
        until("both to listen", lambda: served.listeners(pk) == 2)
        read_until(other, b"data: []")
        other.settimeout(5)
        for number in range(40):
            message = b"event: changed\ndata: " + b"x" * 100_000 + b"%d\n\n" % number
            served.loop.call_soon_threadsafe(served.edge.hub.publish, pk, message)
            read_until(other, b"x%d\n\n" % number)
        until("the stuck one to be waited for", lambda: served.listeners(pk) == 1)
        began = time.monotonic()
        assert served.client.get(MONITOR).status_code == 200
        assert time.monotonic() - began < 10
        assert stuck.recv(10)


def test_an_answer_that_could_not_be_made_is_made_at_the_next_asking() -> None:
    import asyncio  # noqa: PLC0415
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    said: list[Any] = [RuntimeError("away"), (1, b"well")]

    def build() -> tuple[int, bytes]:
        if isinstance(said[0], Exception):
            raise said.pop(0)
        found: tuple[int, bytes] = said[0]
        return found

    async def ask() -> bytes:
        with ThreadPoolExecutor(1) as pool:
            kept = Snapshots(pool)
            with pytest.raises(RuntimeError):
                await kept.make("key", build, frozenset())
            return bytes((await kept.make("key", build, frozenset())).body)

    # A journey before may have left the loop of Playwright in this thread.
    with ThreadPoolExecutor(1) as aside:
        assert aside.submit(asyncio.run, ask()).result() == b"well"


def test_who_asks_while_it_is_made_anew_does_not_get_the_old_one() -> None:
    import asyncio  # noqa: PLC0415
    import threading  # noqa: PLC0415
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    state, begun, go_on = ["before"], threading.Event(), threading.Event()

    def build() -> tuple[int, bytes]:
        seen = state[0]
        begun.set()
        assert go_on.wait(5)
        return 1, seen.encode()

    async def story() -> list[bytes]:
        with ThreadPoolExecutor(2) as pool:
            kept = Snapshots(pool)

            async def ask() -> bytes:
                topics = frozenset({"queue"})
                found = kept.get("key") or await kept.make("key", build, topics, 0.0)
                return bytes(found.body)

            def change(to: str) -> None:
                state[0] = to
                kept.changed(1, ["queue"])

            go_on.set()
            said = [await ask()]
            go_on.clear()
            begun.clear()
            change("after")
            first = asyncio.create_task(ask())
            await asyncio.to_thread(begun.wait, 5)
            other = asyncio.create_task(ask())
            await asyncio.sleep(0)
            change("later")  # while the first one is at it
            go_on.set()
            return [*said, *await asyncio.gather(first, other), await ask()]

    with ThreadPoolExecutor(1) as aside:
        assert aside.submit(asyncio.run, story()).result() == [
            b"before",
            b"after",
            b"later",
            b"later",
        ]


def test_the_live_part_of_the_page_is_out_of_memory_and_never_old(
    served: Served, office: OfficeSnapshot
) -> None:
    asked = {"X-Fragment": "1"}
    first = served.client.get("/lhota/nazivo/", headers=asked)
    assert (first.status_code, "1 člověk" in first.text) == (200, False)
    assert first.headers["cache-control"] == "no-store"
    for path in ("/lhota/nazivo/", "/en/lhota/nazivo/"):
        part, page = served.client.get(path, headers=asked).text, served.client.get(path).text
        assert re.sub("[0-9]", "", part) in re.sub("[0-9]", "", page)  # the moment differs
    with served.stream() as raw:
        read_until(raw, b"event: alive")
        for waiting in ("Čeká 1 člověk", "Čekají 2 lidé"):  # at once after the other
            issue(office)
            read_until(raw, b"event: changed")
            assert waiting in served.client.get("/lhota/nazivo/", headers=asked).text


@pytest.mark.parametrize("path", ["/nikde/nazivo/", "/en/nikde/nazivo/"])
def test_there_is_no_live_part_of_an_office_that_is_not_there(served: Served, path: str) -> None:
    assert served.client.get(path, headers={"X-Fragment": "1"}).status_code == 404
    assert served.client.get("/en/nazivo/", headers={"X-Fragment": "1"}).status_code == 200
