"""The console: who may be there, what each press does, what is hidden."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.journal.models import Event
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device
from prepazka.queueing import tickets
from prepazka.queueing.models import Shift, State, Ticket
from prepazka.surfaces.console import before, desk, views
from prepazka.surfaces.console import board as boards
from tests import halls, town

pytestmark = pytest.mark.django_db


class Clock:
    """The time the screens believe."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = town.at("9:05")
        for module in (before, views, desk):
            monkeypatch.setattr(module, "now", lambda: self.at)

    def on(self, **more: int) -> datetime:
        self.at += timedelta(**more)
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def office() -> Directory:
    return town.office()


@pytest.fixture
def clerk(office: Directory, client: Client) -> Client:
    client.force_login(town.clerk(office))
    client.post("/pult/lhota/otevrit/", {"counter": "p1"})
    return client


def walk_in(office: Directory, clock: str, code: str = "prepis", **more: object) -> Ticket:
    return tickets.issue_ticket(
        office=office,
        service=town.service(office, code),
        touch=uuid4(),
        now=town.at(clock),
        **more,  # type: ignore[arg-type]
    )


def booked(office: Directory, at: str = "9:00", came: str = "9:01") -> Ticket:
    booking = town.confirmed(office, at)
    found = tickets.check_in(
        office=office, device=town.kiosk(office), pin=booking.pin, touch=uuid4(), now=town.at(came)
    ).ticket
    assert found
    return found


def press(clerk: Client, name: str, ticket: Ticket | None = None, **form: object) -> str:
    """One press with script; returns what it answers, and the board that its news brings."""
    address = f"/pult/lhota/krok/{name}/" + (f"?t={ticket.pk}" if ticket else "")
    answer = clerk.post(address, form, headers={"X-Fragment": "1"}).content.decode()
    return answer + clerk.get("/pult/lhota/nazivo/", headers={"X-Fragment": "1"}).content.decode()


def test_counters_are_offered_and_a_taken_one_is_not(
    office: Directory, clock: Clock, client: Client
) -> None:
    other = town.clerk(office, "dvorak")
    client.force_login(other)
    client.post("/pult/lhota/otevrit/", {"counter": "p1"})
    client.force_login(town.clerk(office))
    page = client.get("/pult/lhota/").content.decode()
    assert "Obsazená: Dvorak" in page
    assert page.count("disabled") == 1
    answer = client.post("/pult/lhota/otevrit/", {"counter": "p1"}, follow=True)
    assert "už pracuje někdo jiný" in answer.content.decode()
    assert client.post("/pult/lhota/otevrit/", {"counter": "p9"}).status_code == 404
    client.post("/pult/lhota/otevrit/", {"counter": "p2"})
    assert Shift.objects.filter(closed_at=None).count() == 2


def test_a_whole_visit_by_presses(office: Directory, clock: Clock, clerk: Client) -> None:
    waiting = walk_in(office, "8:50")
    first = booked(office)
    page = clerk.get("/pult/lhota/").content.decode()
    assert page.index(f'row">{first.label}<') < page.index(f'row">{waiting.label}<'), (
        "in order of turn"
    )
    assert "objednán na 9:00–10:00, přišel v" in page.replace("\u00a0", " ")

    shown = press(clerk, "next")
    assert f'class="console-current__number">{first.label}<' in shown
    assert "objednán na" in shown
    assert "Jana" not in shown, "no name on the screen"
    press(clerk, "start", first)
    press(clerk, "finish", first)
    first.refresh_from_db()
    assert first.state == State.FINISHED
    shown = press(clerk, "next")
    assert f'class="console-current__number">{waiting.label}<' in shown


def test_a_clerk_can_say_who_went_before_and_why(
    office: Directory, clock: Clock, clerk: Client
) -> None:
    asks = walk_in(office, "8:50")
    booked(office)
    address = f"/pult/lhota/poradi/?cislo={asks.label}"
    assert address in press(clerk, "next"), "beside the one who waits"
    assert "/pult/lhota/poradi/?cislo=V2" in clerk.get("/pult/lhota/").content.decode()
    clock.on(minutes=1)
    page = halls.text_of(clerk.get(address))
    assert "byl dřív zavolán 1 člověk" in page
    assert "V2 9:01 objednán na 9:00–10:00, přišel v 9:01" in page
    assert "Jana" not in page
    nobody = clerk.get("/pult/lhota/poradi/?cislo=X9")
    assert (nobody.status_code, "Žádný dnešní" in halls.text_of(nobody)) == (404, True)
    desk_of = Client()
    desk_of.force_login(town.clerk(office, "recepce", "reception"))
    assert address in desk_of.get(f"/pult/lhota/recepce/listek/{asks.pk}/").content.decode()


def test_a_double_press_calls_nobody_else(office: Directory, clock: Clock, clerk: Client) -> None:
    first, second = walk_in(office, "8:50"), walk_in(office, "8:51")
    press(clerk, "next")
    again = press(clerk, "next")
    assert "Nejprve dokončete" in again, "a sentence, not a second call"
    second.refresh_from_db()
    assert second.state == State.WAITING
    press(clerk, "finish", first)
    press(clerk, "next")
    press(clerk, "finish", first)  # a late repeat, meant for the first client
    second.refresh_from_db()
    assert second.state == State.CALLED


@pytest.mark.parametrize("minutes", [5, 10, 15, 30])
def test_a_client_is_put_aside_and_comes_first_afterwards(
    office: Directory, clock: Clock, clerk: Client, minutes: int
) -> None:
    first, second = walk_in(office, "8:50"), walk_in(office, "8:51")
    press(clerk, "next")
    press(clerk, "park", first, minutes=minutes)
    first.refresh_from_db()
    assert first.parked_until == clock.at + timedelta(minutes=minutes)
    assert f'console-current__number">{second.label}<' in press(clerk, "next")
    press(clerk, "finish", second)
    clock.on(minutes=minutes)
    assert f'console-current__number">{first.label}<' in press(clerk, "next")
    assert clerk.post("/pult/lhota/krok/park/", {"minutes": "7"}).status_code == 404


def test_a_client_is_sent_on_to_a_service_or_counter(
    office: Directory, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    passport = town.service(office, "pas")
    press(clerk, "transfer", first, to=f"service:{passport.pk}")
    first.refresh_from_db()
    assert (first.state, first.service_id, first.label) == (State.WAITING, passport.pk, "V1")
    second = walk_in(office, "8:51")
    press(clerk, "next")
    press(clerk, "transfer", second, to=f"counter:{town.counter(office, '2').pk}")
    second.refresh_from_db()
    assert second.for_counter_id == town.counter(office, "2").pk
    assert "Na tuto přepážku nikdo nečeká" in press(clerk, "next")
    third = walk_in(office, "8:52")
    press(clerk, "next")
    assert "neobsluhuje" in press(clerk, "transfer", third, to="counter:999999")
    third.refresh_from_db()
    assert third.state == State.CALLED


def test_a_wrong_press_is_taken_back_for_thirty_seconds(
    office: Directory, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    clock.on(seconds=20)
    assert 'data-undo-left="30"' in press(clerk, "absent", first)
    press(clerk, "undo")
    first.refresh_from_db()
    assert first.state == State.CALLED
    press(clerk, "absent", first)
    clock.on(seconds=31)
    assert "data-undo-left" not in clerk.get("/pult/lhota/nazivo/").content.decode()
    assert "vrátit" in press(clerk, "undo")
    first.refresh_from_db()
    assert first.state == State.NO_SHOW


def test_picking_by_hand_is_recorded_as_such(
    office: Directory, clock: Clock, clerk: Client
) -> None:
    walk_in(office, "8:50")
    second = walk_in(office, "8:51")
    shown = clerk.post(
        "/pult/lhota/krok/pick/", {"ticket": second.pk}, headers={"X-Fragment": "1"}
    ).content.decode()
    assert "vybral pracovník ručně" in shown
    second.refresh_from_db()
    assert second.reason["code"] == "by_hand"
    assert Event.objects.filter(kind="TicketCalled", data__reason__code="by_hand").count() == 1


def test_a_break_calls_nobody_and_a_counter_with_a_client_does_not_close(
    office: Directory, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    assert "Přestávka od" in press(clerk, "pause")
    press(clerk, "next")
    first.refresh_from_db()
    assert first.state == State.WAITING
    press(clerk, "resume")
    press(clerk, "next")
    assert "Nejprve dokončete" in press(clerk, "close")
    press(clerk, "finish", first)
    page = clerk.post("/pult/lhota/krok/close/", follow=True).content.decode()
    assert "Vyberte svou přepážku" in page
    assert clerk.get("/pult/lhota/nazivo/").status_code == 409


def test_every_press_works_as_a_plain_form(office: Directory, clock: Clock, clerk: Client) -> None:
    first = walk_in(office, "8:50")
    page = clerk.post("/pult/lhota/krok/next/", follow=True)
    assert page.redirect_chain == [("/pult/lhota/", 302)]
    assert f"Voláte: {first.label}" in page.content.decode()
    assert clerk.get("/pult/lhota/krok/finish/").status_code == 405, "a GET changes nothing"
    assert clerk.post("/pult/lhota/krok/nonsense/").status_code == 404


def test_the_contact_is_behind_a_recorded_look(
    office: Directory, clock: Clock, clerk: Client
) -> None:
    first = booked(office)
    hidden = clerk.post(f"/pult/lhota/kontakt/{first.pk}/", follow=True).content.decode()
    assert "jana900" not in hidden, "not before the client is at the counter"
    press(clerk, "next")
    assert clerk.get(f"/pult/lhota/kontakt/{first.pk}/").status_code == 405
    shown = clerk.post(f"/pult/lhota/kontakt/{first.pk}/").content.decode()
    assert "Jana" in shown
    assert "jana900@example.cz" in shown
    looked = Event.objects.get(kind="ContactShown")
    assert looked.data == {"booking": str(first.booking_id)}
    assert looked.actor


def test_the_load_of_the_day(office: Directory, clock: Clock, clerk: Client) -> None:
    town.confirmed(office, "10:00")
    town.confirmed(office, "11:00")
    booked(office)
    walk_in(office, "8:50")
    shift = Shift.objects.get()
    load = boards.board(office, shift, clock.at)["load"]
    assert (load.booked_waiting, load.walk_ins_waiting, load.booked_to_come) == (1, 1, 2)
    assert [w.booked for w in load.to_come] == [1, 1]
    assert load.minutes_left == 175 + 240, "the break at noon does not count"
    assert load.mean == 20.5
    assert load.capacity == int(415 / 20.5)
    assert load.free == load.capacity - 4
    assert load.finish_at == clock.at + timedelta(minutes=82)
    assert load.fits
    press(clerk, "pause")
    load = boards.board(office, Shift.objects.get(), clock.at)["load"]
    assert (load.capacity, load.finish_at, load.fits) == (0, None, False)


def test_a_printer_without_paper_is_told(office: Directory, clock: Clock, clerk: Client) -> None:
    Device.objects.filter(code="kiosk").update(fault="printer_no_paper", fault_at=town.at("9:00"))
    shown = clerk.get("/pult/lhota/nazivo/").content.decode()
    assert "Kiosek: v tiskárně došel papír" in shown


def test_without_log_in_a_fragment_says_so_and_the_page_leads_to_log_in(
    office: Directory, client: Client
) -> None:
    assert client.get("/pult/lhota/nazivo/", headers={"X-Fragment": "1"}).status_code == 401
    assert client.post("/pult/lhota/krok/next/").headers["Location"] == "/ucet/login/?next=/pult/"


@pytest.mark.parametrize(
    ("role", "console", "reception", "manager"),
    [
        ("clerk", 200, 403, 403),
        ("reception", 200, 200, 403),
        ("operator", 403, 200, 403),
        ("head", 403, 200, 200),
        ("administrator", 200, 200, 200),
    ],
)
@pytest.mark.real_time
def test_each_role_opens_its_own_screens(
    office: Directory, client: Client, role: str, console: int, reception: int, manager: int
) -> None:
    client.force_login(town.clerk(office, role=role))
    assert client.get("/pult/lhota/").status_code == console
    assert client.get("/pult/lhota/recepce/").status_code == reception
    assert client.get("/sprava/lhota/").status_code == manager
    first = {"operator": "/pult/lhota/telefon/", "head": "/sprava/lhota/"}.get(role, "/pult/lhota/")
    assert client.get("/pult/").headers["Location"] == first


@pytest.mark.real_time
def test_who_works_in_two_offices_chooses(office: Directory, client: Client) -> None:
    user = town.clerk(office)
    second = town.office("horka")
    second.office.memberships.create(user=user, role="clerk", name="Nováková")
    client.force_login(user)
    page = client.get("/pult/").content.decode()
    assert "/pult/lhota/" in page
    assert "/pult/horka/" in page
    client.post("/pult/lhota/otevrit/", {"counter": "p1"})
    walk_in(office, "8:50")
    answer = client.post("/pult/horka/krok/next/", follow=True).content.decode()
    assert "Nejprve otevřete" in answer, "a counter of another office is not this one's"
