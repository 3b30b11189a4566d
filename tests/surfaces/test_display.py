import wave
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

import prepazka.surfaces.display
from prepazka.accounts.models import User
from prepazka.offices import devices
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Device, Office
from prepazka.queueing import counters, tickets, turns
from tests import halls, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return halls.stop_clocks(monkeypatch, town.at("8:30"))


@pytest.fixture
def office() -> Directory:
    return town.office()


@pytest.fixture
def display(office: Directory, clock: Clock) -> Client:
    return halls.paired(office, "panel", clock())


def wait_and_call(
    office: Directory, clock: Clock, number: str = "1", who: str = "novakova"
) -> User:
    clerk = town.clerk(office, who)
    counters.open_counter(counter=town.counter(office, number), clerk=clerk.pk, now=clock())
    tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=clock())
    turns.call_next(office=office, clerk=clerk.pk, now=clock())
    return clerk


def test_an_unknown_browser_is_asked_for_the_code(office: Directory) -> None:
    assert "Párovací kód" in text_of(Client().get("/panel/"))


def test_a_revoked_display_loads_itself_anew(
    display: Client, office: Directory, clock: Clock
) -> None:
    device = Device.objects.get(code="panel")
    devices.revoke(device=device.pk, now=clock())
    assert b"data-reload" in display.get("/panel/obsah/").content
    assert "Párovací kód" in text_of(display.get("/panel/"))


def test_before_the_first_call_it_asks_to_wait(
    display: Client, office: Directory, clock: Clock
) -> None:
    words = text_of(display.get("/panel/"))
    assert "Vyčkejte prosím na své číslo" in words
    assert "Žádná přepážka teď není otevřená" in words


def test_a_call_says_number_counter_and_place_and_no_name(
    display: Client, office: Directory, clock: Clock
) -> None:
    Counter.objects.filter(number="1").update(place={"cs": "1. patro, dveře 12"})
    Office.objects.update(version=2)
    wait_and_call(office, clock)
    words = text_of(display.get("/panel/obsah/"))
    assert "Pojďte prosím" in words
    assert "V1 Přepážka 1 1. patro, dveře 12" in words
    assert "Novakova" not in display.get("/panel/").content.decode()


def test_a_recall_is_news_and_comes_first(display: Client, office: Directory, clock: Clock) -> None:
    first = wait_and_call(office, clock)
    clock.set(clock() + timedelta(minutes=1))
    wait_and_call(office, clock, "2", "svobodova")
    before = display.get("/panel/obsah/").content.decode()
    assert before.index('data-call="V2/1/') < before.index('data-call="V1/1/')
    clock.set(clock() + timedelta(minutes=1))
    turns.recall(office=office, clerk=first.pk, now=clock())
    after = display.get("/panel/obsah/").content.decode()
    assert after.index('data-call="V1/2/') < after.index('data-call="V2/1/')


def test_it_keeps_the_last_six(display: Client, office: Directory, clock: Clock) -> None:
    clerk = wait_and_call(office, clock)
    for _ in range(8):
        clock.set(clock() + timedelta(minutes=1))
        turns.finish(office=office, clerk=clerk.pk, now=clock())
        tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=clock()
        )
        turns.call_next(office=office, clerk=clerk.pk, now=clock())
    page = display.get("/panel/obsah/").content.decode()
    assert [f'data-ticket="V{n}"' in page for n in range(1, 10)] == [False] * 3 + [True] * 6


def test_it_keeps_to_its_counters(office: Directory, clock: Clock) -> None:
    display = halls.paired(office, "panel", clock(), counters=["p2"], layout="counter")
    wait_and_call(office, clock, "1")
    assert "V1" not in text_of(display.get("/panel/obsah/"))
    wait_and_call(office, clock, "2", "svobodova")
    page = display.get("/panel/obsah/")
    assert "V2" in text_of(page)
    assert "display-main--counter" in page.content.decode()


def test_breaks_and_ended_tickets_are_said_in_words(
    display: Client, office: Directory, clock: Clock
) -> None:
    Office.objects.update(version=2, last_ticket_min=30)
    clerk = town.clerk(office)
    shift = counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
    assert "přestávku" not in text_of(display.get("/panel/obsah/"))
    counters.pause_counter(shift=shift, now=clock(), note="Karel: lékař")
    words = text_of(display.get("/panel/obsah/"))
    assert "Přepážka 1 má přestávku" in words
    assert "lékař" not in words
    clock.set(town.at("16:31"))
    assert "Lístky už dnes nevydáváme" in text_of(display.get("/panel/obsah/"))


def test_a_closed_office_says_when_it_opens(display: Client, clock: Clock) -> None:
    clock.set(town.at("17:30"))
    assert "Úřad je teď zavřený Znovu otevře: úterý 24. listopadu 2026, 8:00" in text_of(
        display.get("/panel/obsah/")
    )


def test_whoever_is_still_served_after_closing_stays_on(
    display: Client, office: Directory, clock: Clock
) -> None:
    wait_and_call(office, clock)
    clock.set(town.at("17:10"))
    assert "V1" in text_of(display.get("/panel/obsah/"))


def test_it_lives_by_the_stream_of_its_office_and_without_a_script(display: Client) -> None:
    page = display.get("/panel/").content.decode()
    assert 'data-live="/zive/lhota/" data-fragment="/panel/obsah/"' in page
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page


def test_the_chime_is_a_short_small_sound() -> None:
    file = Path(prepazka.surfaces.display.__file__).parent / "static/display/chime.wav"
    assert file.stat().st_size < 30_000
    with wave.open(str(file)) as sound:
        assert 0.5 < sound.getnframes() / sound.getframerate() < 2
        loudest = max(
            abs(int.from_bytes(sound.readframes(1), "little", signed=True))
            for _ in range(sound.getnframes())
        )
    assert 8_000 < loudest < 32_768
