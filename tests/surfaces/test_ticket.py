from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.journal.models import Event
from prepazka.offices.models import Counter, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket, TicketState
from tests import halls, refusals, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return halls.stop_clocks(monkeypatch, town.at("8:30"))


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def ticket(office: OfficeSnapshot, clock: Clock) -> Ticket:
    issued = [
        tickets.issue_ticket(
            office=office,
            service=town.service(office),
            touch=uuid4(),
            now=town.at(f"8:0{minute}"),
        )
        for minute in (0, 1, 2)
    ]
    return issued[-1]


def page(ticket: Ticket, what: str = "", language: str = "") -> str:
    return text_of(Client().get(f"{language}/t/{ticket.code}/{what}"))


def test_it_says_number_state_and_people_ahead(ticket: Ticket) -> None:
    words = page(ticket)
    for expected in (
        "Vaše číslo V3",
        "Čekáte",
        "Před Vámi 2 lidé",
        "neznáme",
        "Stav v 8:30",
        "Platí jen dnes do 17:00",
    ):
        assert expected in words
    assert "You are waiting" in page(ticket, language="/en")
    assert "2 people" in page(ticket, language="/en")


def test_the_code_may_be_typed_in_small_letters(ticket: Ticket) -> None:
    assert Client().get(f"/t/{ticket.code.lower()}/").status_code == 200


def test_an_unknown_code_is_404(ticket: Ticket) -> None:
    for code in ("AAAAAAAAAAAA", "x" * 400):
        assert Client().get(f"/t/{code}/").status_code == 404


def test_it_says_every_state_of_a_visit(
    office: OfficeSnapshot, ticket: Ticket, clock: Clock
) -> None:
    Counter.objects.filter(number="2").update(place={"cs": "přízemí vlevo"})
    Office.objects.update(version=2)
    office = snapshot_of(Office.objects.get())
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office, "2"), clerk=clerk.pk, now=clock())
    assert "Odhad čekání" in page(ticket)
    assert "obvykle do" in page(ticket)
    turns.call_by_hand(office=office, clerk=clerk.pk, ticket=ticket.pk, now=clock())
    words = page(ticket, "stav/")
    assert "Právě Vás voláme: přepážka 2 přízemí vlevo" in words
    assert "Vzdát se" not in words
    turns.start_serving(office=office, clerk=clerk.pk, now=clock())
    assert "Jste u přepážky 2" in page(ticket)
    turns.finish_service(office=office, clerk=clerk.pk, now=clock())
    assert "Vyřízeno" in page(ticket)


def test_a_missed_call_sends_to_the_desk(
    office: OfficeSnapshot, ticket: Ticket, clock: Clock
) -> None:
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
    turns.call_by_hand(office=office, clerk=clerk.pk, ticket=ticket.pk, now=clock())
    turns.mark_no_show(office=office, clerk=clerk.pk, now=clock())
    words = page(ticket)
    assert (
        "Volali jsme Vás v 8:30 k přepážce 1 Přijďte prosím k informacím nebo k přepážce" in words
    )
    assert "We called you at 8:30 to counter 1" in page(ticket, language="/en")
    turns.return_missed(office=office, ticket=ticket.pk, now=clock(), actor=clerk.pk)
    words = page(ticket, "stav/")
    assert "Čekáte Volali jsme Vás v 8:30 k přepážce 1. Jste zpět ve frontě" in words
    turns.call_next(office=office, clerk=clerk.pk, now=clock())
    turns.mark_no_show(office=office, clerk=clerk.pk, now=clock())
    clock.set(town.at("17:00"))
    assert "Úřad už má dnes zavřeno" in page(ticket)


def test_a_booked_client_called_in_vain_reads_until_when_the_pin_helps(
    office: OfficeSnapshot, clock: Clock
) -> None:
    booking = town.confirmed(office, "9:00")
    kiosk, clerk = town.kiosk(office), town.clerk(office)
    ticket = tickets.check_in(
        office=office, device=kiosk, pin=booking.pin, touch=uuid4(), now=town.at("8:40")
    ).ticket
    assert ticket
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
    clock.set(town.at("9:05"))
    turns.call_next(office=office, clerk=clerk.pk, now=clock())
    turns.mark_no_show(office=office, clerk=clerk.pk, now=clock())
    assert "Do 10:10 zadejte PIN znovu v kiosku" in page(ticket)
    clock.set(town.at("10:10"))
    words = page(ticket)
    assert "zadejte PIN" not in words
    assert "Volali jsme Vás v 9:05 k přepážce 1 Přijďte prosím k informacím" in words


def test_a_booked_client_who_is_early_sees_from_when(office: OfficeSnapshot, clock: Clock) -> None:
    booking = town.confirmed(office, "9:00")
    result = tickets.check_in(
        office=office, device=town.kiosk(office), pin=booking.pin, touch=uuid4(), now=clock()
    )
    assert result.ticket
    words = page(result.ticket)
    assert "Objednáno na 9:00–10:00" in words
    assert "Na řadu přijdete od 9:00" in words
    assert "Jana" not in words


def test_giving_up_asks_first_and_only_a_post_does_it(ticket: Ticket) -> None:
    client = Client()
    for _ in range(5):
        assert "Chcete se vzdát místa?" in text_of(client.get(f"/t/{ticket.code}/vzdat/"))
    ticket.refresh_from_db()
    assert ticket.state == TicketState.WAITING
    for _ in range(2):
        answer = client.post(f"/t/{ticket.code}/vzdat/", follow=True)
        assert "Tento lístek už neplatí" in text_of(answer)
    ticket.refresh_from_db()
    assert ticket.state == TicketState.CANCELLED
    assert Event.objects.filter(kind="TicketCancelled").count() == 1


def test_giving_up_too_late_says_why(office: OfficeSnapshot, ticket: Ticket, clock: Clock) -> None:
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
    turns.call_by_hand(office=office, clerk=clerk.pk, ticket=ticket.pk, now=clock())
    answer = Client().post(f"/t/{ticket.code}/vzdat/")
    assert answer.status_code == 409
    assert refusals.says(text_of(answer), "not_waiting")
    assert "Právě Vás voláme" in text_of(answer)


def test_putting_off_lets_others_go_first_once_and_keeps_the_old_place(
    office: OfficeSnapshot, ticket: Ticket, clock: Clock
) -> None:
    first = Ticket.objects.get(number=1)
    client = Client()
    assert "40 minut" in text_of(client.get(f"/t/{first.code}/odlozit/"))
    answer = client.post(f"/t/{first.code}/odlozit/", {"minutes": "20"}, follow=True)
    assert "Pouštíte ostatní před sebe do 8:50" in text_of(answer)
    assert "Potřebuji víc času" not in text_of(answer)
    again = client.post(f"/t/{first.code}/odlozit/", {"minutes": "20"})
    assert refusals.says(text_of(again), "cannot_postpone")
    assert Event.objects.filter(kind="TicketPostponed").count() == 1

    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
    assert turns.call_next(office=office, clerk=clerk.pk, now=clock()).number == 2
    turns.finish_service(office=office, clerk=clerk.pk, now=clock())
    clock.set(town.at("8:50"))
    assert "Čekáte Před Vámi nikdo" in page(first)
    assert turns.call_next(office=office, clerk=clerk.pk, now=clock()).number == 1


@pytest.mark.parametrize("minutes", ["", "x", "5", "9999999"])
def test_only_the_offered_minutes_are_taken(ticket: Ticket, minutes: str) -> None:
    Client().post(f"/t/{ticket.code}/odlozit/", {"minutes": minutes})
    ticket.refresh_from_db()
    assert ticket.state == TicketState.WAITING


def test_after_its_day_it_is_a_polite_farewell(ticket: Ticket, clock: Clock) -> None:
    clock.set(clock() + timedelta(days=1))
    answer = Client().get(f"/t/{ticket.code}/")
    assert answer.status_code == 410
    assert "Číslo V3 platilo jen 23. 11. 2026." in text_of(answer)
    assert Client().post(f"/t/{ticket.code}/vzdat/").status_code == 410
    ticket.refresh_from_db()
    assert ticket.state == TicketState.WAITING


def test_it_lives_by_the_stream_and_without_a_script(ticket: Ticket) -> None:
    body = Client().get(f"/t/{ticket.code}/").content.decode()
    assert f'data-live="/zive/lhota/" data-fragment="/t/{ticket.code}/stav/"' in body
    assert '<noscript><meta http-equiv="refresh" content="20"></noscript>' in body
    assert 'role="status" data-say' in body
    assert '<meta name="robots" content="noindex">' in body


def test_it_says_who_went_before_and_how_many_may(office: OfficeSnapshot, clock: Clock) -> None:
    mine = tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("8:50")
    )
    booking = town.confirmed(office, "9:00")
    tickets.check_in(
        office=office, device=town.kiosk(office), pin=booking.pin, touch=uuid4(), now=town.at("9:01")
    )  # fmt: skip
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=town.at("9:02"))
    clock.moment = town.at("9:05")
    assert "Proč šel někdo přede mnou?" in page(mine)
    assert "Nikdo, kdo přišel po Vás, nebyl zavolán před Vámi." in page(mine, "proc/")
    turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:03"))
    words = page(mine, "proc/")
    assert "Dříve než Vás jsme vyvolali 1 člověka s pozdějším příchodem:" in words
    assert "V2 v 9:03: objednáno na 9:00–10:00, příchod v 9:01" in words
    # Vehicles: one an hour, documents at the same counter: one per half an hour.
    assert "nejvýš 5 objednaných" in words
    assert "Jana" not in words
    Ticket.objects.filter(number=2).update(statutory=True)
    Event.objects.filter(kind="TicketCalled").update(
        data={
            **Event.objects.get(kind="TicketCalled").data,
            "reason": {"code": "statutory", "params": {}},
        }
    )
    words = page(mine, "proc/")
    assert "V2 v 9:03: přednost ze zákona" in words
    assert "ZTP" not in words
