"""The device page, and what kiosks and consoles tell and get while they are on-line."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.gateways.printer import printer_state
from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets
from prepazka.queueing.models import NumberLease
from tests import halls, town

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")
BROWSER = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> halls.Clock:
    return halls.stop_clocks(monkeypatch, NINE)


@pytest.fixture
def office(clock: halls.Clock, monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for reader in ("manager.device_pages", "console.console_offline_pack", "console.views"):
        monkeypatch.setattr(f"prepazka.surfaces.{reader}.now", lambda: NINE)
    return town.office()


def sent(client: Client, url: str, **said: object) -> object:
    body = {"browser": BROWSER, "ack": 0, "log": 0, "version": "abc", "loaded": 1000} | said
    return client.post(url, json.dumps(body), content_type="application/json")


def page(office: OfficeSnapshot) -> str:
    client = Client()
    client.force_login(town.clerk(office, "spravce", "administrator"))
    return halls.text_of(client.get("/sprava/lhota/zarizeni/"))


def test_the_page_says_how_kiosk_and_printer_are(office: OfficeSnapshot) -> None:
    with halls.printer() as sink:
        kiosk = halls.paired(office, "kiosk", NINE, printer=sink.option)
        assert sent(kiosk, "/kiosk/zasoba/", log=3).status_code == 200  # type: ignore[attr-defined]
        kiosk.post("/kiosk/listek/", {"touch": str(uuid4()), "service": "prepis"})
        sink.job()
    said = page(office)
    for words in (
        "funguje",
        "verze abc",
        "3 záznamy",
        "papír i dvířka v pořádku",
        "V1 23. 11. 2026",
        "Čísla pro provoz bez spojení D 100, V 100",
    ):
        assert words in said, said


@pytest.mark.parametrize(
    ("what", "fault", "words"),
    [("paper", "printer_no_paper", "bez papíru"), ("door", "printer_open", "otevřená")],
)
def test_a_printer_in_need_is_told_and_mended(
    office: OfficeSnapshot, what: str, fault: str, words: str
) -> None:
    with halls.printer() as sink:
        kiosk = halls.paired(office, "kiosk", NINE, printer=sink.option)
        sink.paper, sink.door_open = what != "paper", what == "door"
        sent(kiosk, "/kiosk/zasoba/")
        assert Device.objects.get(code="kiosk").fault == fault
        assert words in page(office)
        sink.paper, sink.door_open = True, False
        sent(kiosk, "/kiosk/zasoba/")
        assert Device.objects.get(code="kiosk").fault == ""
    sent(kiosk, "/kiosk/zasoba/")
    assert Device.objects.get(code="kiosk").fault == "printer_unreachable"


def test_a_printer_that_answered_before_is_suspected_since(office: OfficeSnapshot) -> None:
    with halls.printer() as sink:
        kiosk = halls.paired(office, "kiosk", NINE, printer=sink.option)
        sent(kiosk, "/kiosk/zasoba/")
        sink.silent = True
        sent(kiosk, "/kiosk/zasoba/")
        device = Device.objects.get(code="kiosk")
        assert (device.fault, device.fault_at) == ("printer_silent", NINE)
        said = page(office)
        assert (
            "tiskárna přijímá lístky, ale přestala odpovídat, možná vázne"
            " od 23. 11. 2026 9:00" in said
        )
        assert "teď neodpovídá 23. 11. 2026 9:00; naposledy odpověděla 23. 11. 2026 9:00" in said
        sink.silent = False
        sent(kiosk, "/kiosk/zasoba/")
        assert Device.objects.get(code="kiosk").fault == ""


def test_a_printer_set_never_to_answer_is_believed_after_a_new_pairing(
    office: OfficeSnapshot,
) -> None:
    with halls.printer() as sink:
        kiosk = halls.paired(office, "kiosk", NINE, printer=sink.option)
        sent(kiosk, "/kiosk/zasoba/")
        sink.answers = False
        sent(kiosk, "/kiosk/zasoba/")
        assert Device.objects.get(code="kiosk").fault == "printer_silent"
        again = halls.paired(office, "kiosk", NINE, printer=sink.option)
        sent(again, "/kiosk/zasoba/")
        assert Device.objects.get(code="kiosk").fault == ""


def test_a_silent_printer_says_nothing_and_is_no_fault(office: OfficeSnapshot) -> None:
    with halls.printer(answers=False) as sink:
        assert printer_state("127.0.0.1", sink.option["port"]) == {}


def test_the_screen_is_loaded_anew_once(office: OfficeSnapshot) -> None:
    kiosk = halls.paired(office, "kiosk", NINE)
    client = Client()
    client.force_login(town.clerk(office, "vedouci", "head"))
    client.post("/sprava/lhota/zarizeni/kiosk/nacist/")
    old = sent(kiosk, "/kiosk/zasoba/", loaded=60_000).json()  # type: ignore[attr-defined]
    assert old["reload"] is True
    device = Device.objects.get(code="kiosk")
    assert not devices.note_heartbeat(
        device=device.pk, now=town.at("9:01"), version="", waiting=0, loaded=30_000
    )


def test_a_kiosk_gets_numbers_hidden_pins_and_hours(office: OfficeSnapshot) -> None:
    booking = town.confirmed(office, "9:00")
    kiosk = halls.paired(office, "kiosk", NINE)
    answer = sent(kiosk, "/kiosk/zasoba/")
    pack = answer.json()  # type: ignore[attr-defined]
    assert pack["numbers"] == {"V": [[500, 599]], "D": [[500, 599]]}
    (hidden,) = pack["pins"]
    assert (hidden["letter"], hidden["state"], hidden["early"]) == ("V", "confirmed", 30)
    text = answer.content.decode()  # type: ignore[attr-defined]
    assert f'"{booking.pin}"' not in text
    assert "Jana" not in text
    assert str(booking.pk) not in text
    hours = pack["services"][0]["hours"]
    assert [start for start, _ in hours] == [
        int(town.at("7:30").timestamp() * 1000),
        int(town.at("12:30").timestamp() * 1000),
    ]
    sent(kiosk, "/kiosk/zasoba/")
    assert NumberLease.objects.count() == 2


@pytest.mark.parametrize("body", ["", "[]", '{"browser": "x"}', '{"browser": 5, "log": "a"}'])
def test_a_wrong_request_gets_nothing(office: OfficeSnapshot, body: str) -> None:
    kiosk = halls.paired(office, "kiosk", NINE)
    answer = kiosk.post("/kiosk/zasoba/", body, content_type="application/json")
    assert answer.status_code == 400
    answer = kiosk.post("/offline/log/", body, content_type="application/json")
    assert answer.status_code == 400
    assert not NumberLease.objects.exists()


def test_a_console_gets_its_list_only_with_an_open_counter(office: OfficeSnapshot) -> None:
    clerk = town.clerk(office)
    client = Client()
    client.force_login(clerk)
    url = "/pult/lhota/bez-site/data/"
    assert sent(client, url).status_code == 409  # type: ignore[attr-defined]
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=NINE)
    tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=NINE)
    pack = sent(client, url).json()  # type: ignore[attr-defined]
    assert [t["label"] for t in pack["tickets"]] == ["V1"]
    assert pack["policy"] == {"headStart": None, "callEarly": True, "cap": None}


def test_the_same_touch_after_a_crash_offers_the_paper_again(
    office: OfficeSnapshot, clock: halls.Clock
) -> None:
    with halls.printer() as sink:
        kiosk = halls.paired(office, "kiosk", NINE, printer=sink.option)
        form = {"touch": str(uuid4()), "service": "prepis"}
        kiosk.post("/kiosk/listek/", form)
        sink.job()
        clock.set(town.at("9:01"))
        again = kiosk.post("/kiosk/listek/", form, follow=True)
        assert "Vytisknout znovu" in halls.text_of(again)
        assert len(sink.jobs) == 1


def test_in_the_evening_a_kiosk_gets_the_next_day_too(office: OfficeSnapshot) -> None:
    kiosk = halls.paired(office, "kiosk", NINE)
    assert "next" not in sent(kiosk, "/kiosk/zasoba/").json()  # type: ignore[attr-defined]


def test_the_next_day_has_numbers_of_its_own_and_can_be_merged(
    office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = town.at("19:00")
    clock = halls.stop_clocks(monkeypatch, evening)
    kiosk = halls.paired(office, "kiosk", evening)
    pack = sent(kiosk, "/kiosk/zasoba/").json()  # type: ignore[attr-defined]
    again = sent(kiosk, "/kiosk/zasoba/").json()  # type: ignore[attr-defined]
    tomorrow = pack["next"]
    assert (tomorrow["day"], tomorrow["numbers"]["V"]) == ("2026-11-24", [[500, 599]])
    assert tomorrow["expires"] - tomorrow["now"] == 24 * 3600 * 1000
    assert tomorrow["services"][0]["hours"][0][0] == int(
        town.at("7:30", town.MONDAY + timedelta(days=1)).timestamp() * 1000
    )
    assert again["next"]["grant"] == tomorrow["grant"] != pack["grant"]
    clock.set(town.at("7:40", town.MONDAY + timedelta(days=1)))
    assert sent(kiosk, "/kiosk/zasoba/").json()["grant"] == tomorrow["grant"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("off", "said"), [(300, "jdou napřed o 5 minut"), (-7300, "pozadu o"), (60, "")]
)
def test_a_wrong_clock_of_a_kiosk_is_shown(office: OfficeSnapshot, off: int, said: str) -> None:
    kiosk = halls.paired(office, "kiosk", NINE)
    sent(kiosk, "/kiosk/zasoba/", clock=int((NINE.timestamp() + off) * 1000))
    shown = page(office)
    assert ("hodiny jdou" in shown) == bool(said)
    assert said in shown
