"""The web killed between two steps of a person: the first step is kept, the next goes on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from prepazka.booking.models import Booking, BookingState
from prepazka.offices import devices
from prepazka.offices.clock import now
from prepazka.offices.models import Device
from prepazka.queueing.models import Ticket
from tests import town
from tests.faults import program
from tests.faults.always import always_open, coming_slots
from tests.faults.program import Kiosk, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def silent_printer() -> Iterator[tuple[int, list[socket.socket]]]:
    """A printer that takes connections and then says and does nothing."""
    server = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                taken.append(server.accept()[0])
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    try:
        yield server.getsockname()[1], taken
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for one in taken:
            one.close()


@pytest.mark.real_time
def test_a_kill_between_two_steps_loses_neither(tmp_path: Path) -> None:
    office = always_open(confirm_min=0)
    port, log = free_port(), tmp_path / "web.log"
    with silent_printer() as (printer, jobs):
        kiosk_row = town.kiosk(office)
        kiosk_row.options = {"printer": {"kind": "escpos", "host": "127.0.0.1", "port": printer}}
        kiosk_row.save()
        code = devices.make_pairing_code(device=kiosk_row, now=now())
        with (
            program.web(program.environment(), log, port) as first,
            httpx.Client(base_url=f"http://localhost:{port}", timeout=20) as api,
        ):
            kiosk = Kiosk(port, code)
            token = hold(api).json()["token"]
            touch = uuid4()
            asking = threading.Thread(target=lost_touch, args=(kiosk, touch))
            asking.start()
            wait_for("the printer to be asked", lambda: jobs)
            ticket = Ticket.objects.get()  # committed, and not a dot of it is printed
            first.kill()
            asking.join(10)
            Device.objects.filter(pk=kiosk_row.pk).update(options={})
            with program.web(program.environment(), log, port):
                goes_on(api, token)
                again = kiosk.touch(touch)
                assert again.headers["location"].startswith(f"/kiosk/listek/{ticket.code}/")
                assert ticket.label in kiosk.client.get(again.headers["location"]).text
            kiosk.client.close()
    assert Ticket.objects.count() == 1


def hold(api: httpx.Client) -> httpx.Response:
    said = {"service": "prepis", "starts_at": coming_slots()[0].isoformat()}
    answer = api.post(
        "/api/v1/offices/lhota/holds", json=said, headers={"Idempotency-Key": str(uuid4())}
    )
    assert answer.status_code == 201, answer.text
    return answer


def lost_touch(kiosk: Kiosk, touch: object) -> None:
    with pytest.raises(httpx.TransportError):
        kiosk.touch(touch)  # type: ignore[arg-type]


def goes_on(api: httpx.Client, token: str) -> None:
    """The page of the form is still there with the slot held, and can be finished."""
    page = api.get(f"/termin/{token}/")
    assert page.status_code == 200
    assert hold_of_another(api) == 409
    contact = {"name": "Jana", "email": "jana@example.cz"}
    asked = api.post(f"/api/v1/holds/{token}/contact", json=contact)
    assert (asked.status_code, asked.json()["state"]) == (202, "confirmed")
    assert [b.state for b in Booking.objects.all()] == [BookingState.CONFIRMED]


def hold_of_another(api: httpx.Client) -> int:
    said = {"service": "prepis", "starts_at": coming_slots()[0].isoformat()}
    return api.post("/api/v1/offices/lhota/holds", json=said).status_code
