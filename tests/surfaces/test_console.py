"""The console: who may be there, what each press does, what is hidden."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.journal.models import Event
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import tickets
from prepazka.queueing.models import Shift, Ticket, TicketState
from prepazka.surfaces.console import accounts, desk, queue_pages, takeover, views
from prepazka.surfaces.console import board as boards
from prepazka.surfaces.manager import views as manager_views
from tests import halls, refusals, town

pytestmark = pytest.mark.django_db


class Clock:
    """The time the screens believe."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = town.at("9:05")
        for module in (accounts, queue_pages, views, desk, takeover, manager_views):
            monkeypatch.setattr(module, "now", lambda: self.at)

    def on(self, **more: int) -> datetime:
        self.at += timedelta(**more)
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def clerk(office: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(office))
    client.post("/pult/lhota/otevrit/", {"counter": "p1"})
    return client


def walk_in(office: OfficeSnapshot, clock: str, code: str = "prepis", **more: object) -> Ticket:
    return tickets.issue_ticket(
        office=office,
        service=town.service(office, code),
        touch=uuid4(),
        now=town.at(clock),
        **more,  # type: ignore[arg-type]
    )


def booked(office: OfficeSnapshot, at: str = "9:00", came: str = "9:01") -> Ticket:
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


def pick(clerk: Client, ticket: Ticket) -> None:
    """Call that client by hand."""
    clerk.post("/pult/lhota/krok/pick/", {"ticket": ticket.pk}, headers={"X-Fragment": "1"})


def test_counters_are_offered_and_a_taken_one_is_not(
    office: OfficeSnapshot, clock: Clock, client: Client
) -> None:
    other = town.clerk(office, "dvorak")
    client.force_login(other)
    client.post("/pult/lhota/otevrit/", {"counter": "p1"})
    client.force_login(town.clerk(office))
    page = client.get("/pult/lhota/").content.decode()
    assert "Obsazená: Dvorak" in page
    assert page.count("disabled") == 1
    answer = client.post("/pult/lhota/otevrit/", {"counter": "p1"}, follow=True)
    assert refusals.says(answer.content.decode(), "counter_taken")
    assert client.post("/pult/lhota/otevrit/", {"counter": "p9"}).status_code == 404
    client.post("/pult/lhota/otevrit/", {"counter": "p2"})
    assert Shift.objects.filter(closed_at=None).count() == 2


def test_a_whole_visit_by_presses(office: OfficeSnapshot, clock: Clock, clerk: Client) -> None:
    waiting = walk_in(office, "8:50")
    first = booked(office)
    page = clerk.get("/pult/lhota/").content.decode()
    assert page.index(f'row">{first.label}<') < page.index(f'row">{waiting.label}<'), (
        "in order of turn"
    )
    assert "objednáno na 9:00–10:00, příchod v" in page.replace("\u00a0", " ")

    shown = press(clerk, "next")
    assert f'class="console-current__number">{first.label}<' in shown
    assert "objednáno na" in shown
    assert "Jana" not in shown, "no name on the screen"
    press(clerk, "start", first)
    press(clerk, "finish", first)
    first.refresh_from_db()
    assert first.state == TicketState.FINISHED
    shown = press(clerk, "next")
    assert f'class="console-current__number">{waiting.label}<' in shown


def test_a_clerk_can_say_who_went_before_and_why(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    asks = walk_in(office, "8:50")
    booked(office)
    address = f"/pult/lhota/poradi/?cislo={asks.label}"
    assert address in press(clerk, "next"), "beside the one who waits"
    assert "/pult/lhota/poradi/?cislo=V2" in clerk.get("/pult/lhota/").content.decode()
    clock.on(minutes=1)
    page = halls.text_of(clerk.get(address))
    assert "byl dřív zavolán 1 člověk" in page
    assert "V2 9:01 objednáno na 9:00–10:00, příchod v 9:01" in page
    assert "Jana" not in page
    nobody = clerk.get("/pult/lhota/poradi/?cislo=X9")
    assert (nobody.status_code, "Žádný dnešní" in halls.text_of(nobody)) == (404, True)
    desk_of = Client()
    desk_of.force_login(town.clerk(office, "recepce", "reception"))
    assert address in desk_of.get(f"/pult/lhota/recepce/listek/{asks.pk}/").content.decode()


def test_a_double_press_calls_nobody_else(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first, second = walk_in(office, "8:50"), walk_in(office, "8:51")
    press(clerk, "next")
    again = press(clerk, "next")
    assert refusals.says(again, "counter_busy"), "a sentence, not a second call"
    second.refresh_from_db()
    assert second.state == TicketState.WAITING
    press(clerk, "finish", first)
    press(clerk, "next")
    press(clerk, "finish", first)  # a late repeat, meant for the first client
    second.refresh_from_db()
    assert second.state == TicketState.CALLED


@pytest.mark.parametrize("minutes", [5, 10, 15, 30])
def test_a_client_is_put_aside_and_comes_first_afterwards(
    office: OfficeSnapshot, clock: Clock, clerk: Client, minutes: int
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
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    passport = town.service(office, "pas")
    press(clerk, "transfer", first, to=f"service:{passport.pk}")
    first.refresh_from_db()
    assert (first.state, first.service_id, first.label) == (TicketState.WAITING, passport.pk, "V1")
    second = walk_in(office, "8:51")
    press(clerk, "next")
    press(clerk, "transfer", second, to=f"counter:{town.counter(office, '2').pk}")
    second.refresh_from_db()
    assert second.for_counter_id == town.counter(office, "2").pk
    assert refusals.says(press(clerk, "next"), "nobody_waiting")
    third = walk_in(office, "8:52")
    press(clerk, "next")
    assert "neobsluhuje" in press(clerk, "transfer", third, to="counter:999999")
    third.refresh_from_db()
    assert third.state == TicketState.CALLED


def test_a_wrong_press_is_taken_back_for_thirty_seconds(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    assert "Vyvolání V1 můžete vzít zpět" in halls.text_of(clerk.get("/pult/lhota/"))
    clock.on(seconds=20)
    assert 'data-undo="30"' in press(clerk, "absent", first)
    clock.on(seconds=9)
    assert 'data-undo="21"' in clerk.get("/pult/lhota/nazivo/").content.decode()
    press(clerk, "undo")
    first.refresh_from_db()
    assert first.state == TicketState.CALLED
    press(clerk, "absent", first)
    clock.on(seconds=31)
    assert "data-undo" not in clerk.get("/pult/lhota/nazivo/").content.decode()
    assert "vrátit" in press(clerk, "undo")
    first.refresh_from_db()
    assert first.state == TicketState.NO_SHOW


def test_picking_by_hand_is_recorded_as_such(
    office: OfficeSnapshot, clock: Clock, clerk: Client
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
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    assert "Přestávka od" in press(clerk, "pause")
    press(clerk, "next")
    first.refresh_from_db()
    assert first.state == TicketState.WAITING
    press(clerk, "resume")
    press(clerk, "next")
    assert refusals.says(press(clerk, "close"), "counter_busy")
    press(clerk, "finish", first)
    page = clerk.post("/pult/lhota/krok/close/", follow=True).content.decode()
    assert "Vyberte svou přepážku" in page
    assert "Přepážka je zavřená" in halls.text_of(clerk.get("/pult/lhota/nazivo/"))


def test_every_press_works_as_a_plain_form(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    page = clerk.post("/pult/lhota/krok/next/", follow=True)
    assert page.redirect_chain == [("/pult/lhota/", 302)]
    assert f"Voláte: {first.label}" in page.content.decode()
    assert clerk.get("/pult/lhota/krok/finish/").status_code == 405, "a GET changes nothing"
    assert clerk.post("/pult/lhota/krok/nonsense/").status_code == 404


def test_the_contact_is_behind_a_recorded_look(
    office: OfficeSnapshot, clock: Clock, clerk: Client
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


def test_the_load_of_the_day(office: OfficeSnapshot, clock: Clock, clerk: Client) -> None:
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


def test_a_printer_without_paper_is_told(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    Device.objects.filter(code="kiosk").update(fault="printer_no_paper", fault_at=town.at("9:00"))
    shown = clerk.get("/pult/lhota/nazivo/").content.decode()
    assert "Kiosek: v tiskárně došel papír" in shown


def test_without_log_in_a_fragment_says_so_and_the_page_leads_to_log_in(
    office: OfficeSnapshot, client: Client
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
    office: OfficeSnapshot, client: Client, role: str, console: int, reception: int, manager: int
) -> None:
    client.force_login(town.clerk(office, role=role))
    assert client.get("/pult/lhota/").status_code == console
    assert client.get("/pult/lhota/recepce/").status_code == reception
    assert client.get("/sprava/lhota/").status_code == manager
    first = {"operator": "/pult/lhota/telefon/", "head": "/sprava/lhota/"}.get(role, "/pult/lhota/")
    assert client.get("/pult/").headers["Location"] == first


@pytest.mark.real_time
def test_who_works_in_two_offices_chooses(office: OfficeSnapshot, client: Client) -> None:
    user = town.clerk(office)
    second = town.office("horka")
    second.row.memberships.create(user=user, role="clerk", name="Nováková")
    client.force_login(user)
    page = client.get("/pult/").content.decode()
    assert "/pult/lhota/" in page
    assert "/pult/horka/" in page
    client.post("/pult/lhota/otevrit/", {"counter": "p1"})
    walk_in(office, "8:50")
    answer = client.post("/pult/horka/krok/next/", follow=True).content.decode()
    assert refusals.says(answer, "counter_not_open"), (
        "a counter of another office is not this one's"
    )


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (["next"], "Vyvolání V1 můžete"),
        (["pick"], "Ruční vyvolání V1 můžete"),
        (["next", "recall"], "Vyvolání V1 můžete"),
        (["next", "start"], "Začátek obsluhy V1 můžete"),
        (["next", "finish"], "Dokončení V1 můžete"),
        (["next", "absent"], "„Nepřišel“ u V1 můžete"),
        (["next", "park"], "Odložení V1 můžete"),
        (["next", "transfer"], "Předání V1 můžete"),
        (["next", "undo"], ""),
    ],
)
def test_the_bar_says_which_step_it_takes_back(
    office: OfficeSnapshot, clock: Clock, clerk: Client, steps: list[str], words: str
) -> None:
    ticket = walk_in(office, "8:50")
    more: dict[str, dict[str, object]] = {
        "park": {"minutes": 5},
        "transfer": {"to": f"service:{town.service(office, 'pas').pk}"},
    }
    for name in steps:
        if name == "pick":
            pick(clerk, ticket)
        else:
            press(clerk, name, **more.get(name, {}))  # type: ignore[arg-type]  # of the form
    shown = halls.text_of(clerk.get("/pult/lhota/nazivo/"))
    assert (words in shown) if words else ("vzít zpět" not in shown)


def test_no_step_is_offered_that_cannot_be_taken_back(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    press(clerk, "park", first, minutes=5)
    other = Client()
    other.force_login(town.clerk(office, "dvorak"))
    other.post("/pult/lhota/otevrit/", {"counter": "p2"})
    pick(other, first)  # the client who was put aside is with a colleague
    assert "data-undo" not in clerk.get("/pult/lhota/nazivo/").content.decode()
    assert "není co vrátit" in press(clerk, "undo").lower()

    second, third = walk_in(office, "8:51"), walk_in(office, "8:52")
    press(clerk, "next")
    press(clerk, "finish", second)
    clock.on(seconds=1)
    press(clerk, "next")
    press(clerk, "recall", third)
    shown = halls.text_of(clerk.get("/pult/lhota/nazivo/"))
    assert f"Vyvolání {third.label} můžete" in shown
    Ticket.objects.filter(pk=third.pk).update(before=None)
    shown = clerk.get("/pult/lhota/nazivo/").content.decode()
    assert "data-undo" not in shown, "the counter is taken, so the one before cannot come back"


def test_a_stale_page_takes_back_no_other_step_than_it_said(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    page = clerk.get("/pult/lhota/").content.decode()
    offered = page.split('name="press" value="')[1].split('"')[0]
    clock.on(seconds=2)
    press(clerk, "finish", first)  # in another window
    assert "vrátit" in press(clerk, "undo", press=offered)
    first.refresh_from_db()
    assert first.state == TicketState.FINISHED


def test_closing_asks_while_people_wait_for_this_counter_alone(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    walk_in(office, "8:50")
    walk_in(office, "8:51")
    walk_in(office, "8:51", "pas")  # not of this counter
    shown = halls.text_of(clerk.get("/pult/lhota/"))
    assert "Jen na tuto přepážku čekají 2 lidé" in shown
    assert "čeká lidí: 2" in press(clerk, "close")
    assert Shift.objects.filter(closed_at=None).exists()
    other = Client()
    other.force_login(town.clerk(office, "dvorak"))
    other.post("/pult/lhota/otevrit/", {"counter": "p2"})
    assert not refusals.says(halls.text_of(clerk.get("/pult/lhota/")), "waiting_here_alone")
    sent = walk_in(office, "8:52")
    pick(other, sent)
    press(other, "transfer", sent, to=f"counter:{town.counter(office).pk}")
    assert "čeká 1 člověk" in halls.text_of(clerk.get("/pult/lhota/"))
    page = clerk.post("/pult/lhota/krok/close/", {"sure": "1"}, follow=True)
    assert "Vyberte svou přepážku" in page.content.decode()


def test_a_forgotten_counter_is_shown_taken_over_and_its_clerk_reads_it(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    clock.on(minutes=35)
    finder = Client()
    finder.force_login(town.clerk(office, "dvorak"))
    shown = halls.text_of(finder.get("/pult/lhota/"))
    assert "Přepážka 1 Novakova 9:05 9:05 V1 Zavřít nebo převzít" in shown
    address = f"/pult/lhota/prepazky/{Shift.objects.get().pk}/"
    page = halls.text_of(finder.get(address))
    assert "vyvolání: 9:05" in page
    assert "je tu, pokračuji s ním" in page
    stale = finder.post(address, {"do": "take", "client": "999999", "fate": "stays"}, follow=True)
    assert refusals.says(halls.text_of(stale), "client_changed")
    missing = finder.post(address, {"do": "close", "client": first.pk}, follow=True)
    assert refusals.says(halls.text_of(missing), "fate_missing")
    done = finder.post(address, {"do": "take", "client": first.pk, "fate": "stays"}, follow=True)
    assert "Přepážka je teď vaše" in halls.text_of(done)
    assert first.label in halls.text_of(done)

    words = "Vaši přepážku má od 9:40 někdo jiný: Dvorak."
    live = clerk.get("/pult/lhota/nazivo/", headers={"X-Fragment": "1"})
    assert (live.status_code, words in halls.text_of(live)) == (200, True)
    late = clerk.post(f"/pult/lhota/krok/finish/?t={first.pk}", headers={"X-Fragment": "1"})
    assert late.headers["X-Go"] == "/pult/lhota/"
    assert words in halls.text_of(clerk.get("/pult/lhota/"))
    first.refresh_from_db()
    assert first.state == TicketState.CALLED


def test_a_head_closes_or_takes_over_and_goes_back_to_the_overview(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    head = Client()
    head.force_login(town.clerk(office, "vedouci", "head"))
    address = f"/pult/lhota/prepazky/{Shift.objects.get().pk}/"
    assert address in head.get("/sprava/lhota/").content.decode()
    head.post(address, {"do": "take", "client": first.pk, "fate": "stays"})
    assert first.label in halls.text_of(head.get("/pult/lhota/"))
    press(head, "finish", first)
    left = head.post("/pult/lhota/krok/close/", headers={"X-Fragment": "1"})
    assert left.headers["X-Go"] == "/sprava/lhota/"
    assert head.get("/pult/lhota/").status_code == 403
    closed = head.get(address, follow=True)
    assert refusals.says(halls.text_of(closed), "counter_closed_already")
    assert head.get("/pult/lhota/prepazky/999999/").status_code == 404


def test_logging_out_says_that_a_counter_is_open(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    first = walk_in(office, "8:50")
    press(clerk, "next")
    asked = halls.text_of(clerk.post("/ucet/logout/"))
    assert "Máte otevřenou přepážku: Přepážka 1." in asked
    assert "Je u ní klient V1." in asked
    assert "Zavřít přepážku a odhlásit se" not in asked
    assert refusals.says(
        halls.text_of(clerk.post("/ucet/logout/", {"counter": "close"})), "counter_busy"
    )
    press(clerk, "finish", first)
    assert "Zavřít přepážku a odhlásit se" in halls.text_of(clerk.post("/ucet/logout/"))
    clerk.post("/ucet/logout/", {"counter": "close"})
    assert not Shift.objects.filter(closed_at=None).exists()
    assert clerk.get("/pult/lhota/").status_code == 302


def test_logging_out_may_leave_the_counter_open_and_asks_nobody_else(
    office: OfficeSnapshot, clock: Clock, clerk: Client
) -> None:
    clerk.post("/ucet/logout/", {"counter": "leave"})
    assert Shift.objects.filter(closed_at=None).exists()
    assert clerk.get("/pult/lhota/").status_code == 302
    other = Client()
    other.force_login(town.clerk(office, "dvorak"))
    other.post("/ucet/logout/")
    assert other.get("/pult/lhota/").status_code == 302
