import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking, BookingState
from prepazka.core.pins import ACCEPTED, Outcome
from prepazka.journal.models import Event
from prepazka.offices import devices
from prepazka.offices.models import Agenda, Device, HoursException, Office, OpeningHours, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket
from prepazka.surfaces.kiosk import outcome_screens
from tests import halls, refusals, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return halls.stop_clocks(monkeypatch, town.at("8:10"))


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def kiosk(office: OfficeSnapshot, clock: Clock) -> Client:
    return halls.paired(office, "kiosk", clock())


def found(pattern: str, answer: Any) -> str:
    match = re.search(pattern, answer.content.decode())
    assert match, pattern
    return match[1]


def touch_on(answer: Any) -> str:
    return found(r'name="touch" value="([^"]+)"', answer)


def take(kiosk: Client, code: str = "prepis", touch: str = "", language: str = "") -> Any:
    sent = {"service": code, "touch": touch or str(uuid4())}
    return kiosk.post(f"{language}/kiosk/listek/", sent, follow=True)


def enter(kiosk: Client, pin: str, touch: str = "") -> Any:
    return kiosk.post("/kiosk/pin/", {"pin": pin, "touch": touch or str(uuid4())}, follow=True)


def outcome_of(answer: Any) -> str:
    """What the kiosk's answer screen answers, out of its signed address; "" on other screens."""
    path = answer.request["PATH_INFO"]
    said = outcome_screens.read_answer(path.split("/")[-2]) if "/odpoved/" in path else None
    return said.outcome if said else ""


def number_on(answer: Any) -> str:
    """The number of the ticket that the screen shows large."""
    return found(r'class="kiosk-ticket__number">(\w+)<', answer)


def at_work(office: OfficeSnapshot) -> int:
    clerk = town.clerk(office).pk
    counters.open_counter(counter=town.counter(office), clerk=clerk, now=town.at("8:00"))
    return clerk


def miss(office: OfficeSnapshot, clerk: int, clock: str) -> None:
    turns.call_next(office=office, clerk=clerk, now=town.at(clock))
    turns.mark_no_show(office=office, clerk=clerk, now=town.at(clock))


class TestPairing:
    @pytest.mark.real_time
    def test_an_unknown_browser_is_asked_for_the_code(self, office: OfficeSnapshot) -> None:
        answer = Client().get("/kiosk/")
        assert "Párovací kód" in text_of(answer)
        assert "Přepis" not in text_of(answer)
        assert Client().get("/kiosk/pin/")["Location"] == "/kiosk/"

    def test_the_cookie_is_long_lived_and_out_of_reach(self, kiosk: Client) -> None:
        kept = kiosk.cookies["prepazka_kiosk"]
        assert (kept["httponly"], kept["samesite"]) == (True, "Strict")
        assert kept["max-age"] > 300 * 86_400

    def test_a_wrong_code_is_said_politely_and_not_for_ever(
        self, office: OfficeSnapshot, clock: Clock, settings: Any
    ) -> None:
        settings.RATE_LIMITS = True
        client = Client(REMOTE_ADDR="198.51.100.7")
        for _ in range(10):
            answer = client.post("/kiosk/parovani/", {"code": "AAAAAAAA"})
            assert answer.status_code == 422
            assert refusals.says(text_of(answer), "pairing_code_wrong")
        answer = client.post("/kiosk/parovani/", {"code": "AAAAAAAA"})
        assert answer.status_code == 429
        assert "Zkuste to prosím znovu" in text_of(answer)
        other = Client(REMOTE_ADDR="198.51.100.8").post("/kiosk/parovani/", {"code": "AAAAAAAA"})
        assert other.status_code == 422

    def test_a_revoked_kiosk_asks_for_the_code_again(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        devices.revoke_pairing(device=town.kiosk(office).pk, now=clock())
        assert "Párovací kód" in text_of(kiosk.get("/kiosk/"))


class TestTicket:
    def test_one_touch_gives_one_ticket_with_everything_on_it(self, kiosk: Client) -> None:
        take(kiosk)
        words = text_of(take(kiosk))
        ticket = Ticket.objects.get(number=2)
        for expected in (
            "Vaše číslo V2",
            "Přepis vozidla",
            "Před Vámi 1 člověk",
            "přepážky zatím nejsou otevřené",
            "Neplatí po 23. 11. 2026 17:00",
            f"localhost:8000/t/{ticket.code}",
        ):
            assert expected in words
        assert 'src="data:image/svg+xml' in take(kiosk).content.decode()

    def test_the_wait_is_a_range_once_a_counter_is_open(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        clerk = town.clerk(office)
        counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
        take(kiosk)
        said = r"Odhad čekání obvykle do (25|30|40) minut \(odhad orientační\)"
        assert re.search(said, text_of(take(kiosk)))

    def test_the_same_touch_is_the_same_ticket(self, kiosk: Client) -> None:
        touch = touch_on(kiosk.get("/kiosk/"))
        first, again = take(kiosk, touch=touch), take(kiosk, touch=touch)
        assert Ticket.objects.count() == 1
        assert number_on(first) == "V1"
        assert number_on(again) == "V1"

    def test_every_screen_carries_a_touch_of_its_own(self, kiosk: Client) -> None:
        assert touch_on(kiosk.get("/kiosk/")) != touch_on(kiosk.get("/kiosk/"))

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"service": "prepis"},
            {"service": "prepis", "touch": "x"},
            {"service": "nic", "touch": str(uuid4())},
        ],
    )
    def test_nonsense_gives_no_ticket(self, kiosk: Client, sent: dict[str, str]) -> None:
        assert kiosk.post("/kiosk/listek/", sent)["Location"] == "/kiosk/?kontrast=0"
        assert not Ticket.objects.exists()

    def test_it_is_in_the_language_of_the_screen(self, kiosk: Client) -> None:
        words = text_of(take(kiosk, language="/en"))
        ticket = Ticket.objects.get()
        assert ticket.language == "en"
        assert "Your number V1 Transfer of a vehicle" in words
        assert f"/en/t/{ticket.code}" in words

    def test_tickets_of_another_office_are_not_shown(self, kiosk: Client) -> None:
        other = town.office("jinde")
        foreign = tickets.issue_ticket(
            office=other, service=town.service(other), touch=uuid4(), now=town.at("8:10")
        )
        assert kiosk.get(f"/kiosk/listek/{foreign.code}/").status_code == 404


class TestPaper:
    def test_it_is_printed_once_per_touch(self, office: OfficeSnapshot, clock: Clock) -> None:
        with halls.printer() as sink:
            kiosk = halls.paired(office, "kiosk", clock(), printer=sink.option)
            touch = str(uuid4())
            assert "Vezměte si dole lístek" in text_of(take(kiosk, touch=touch))
            paper = halls.Paper(sink.job())
            clock.set(clock() + timedelta(seconds=2))
            again = text_of(take(kiosk, touch=touch))
            assert "Vytisknout znovu" in again
            assert len(sink.jobs) == 1
        ticket = Ticket.objects.get()
        assert paper.height_of("V1") >= 15
        assert paper.qr == [f"http://localhost:8000/t/{ticket.code}/"]

    def test_a_touch_cut_off_before_the_paper_offers_it_again(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        touch = uuid4()
        tickets.issue_ticket(  # and then the process was killed
            office=office, service=town.service(office), touch=touch, now=clock()
        )
        with halls.printer() as sink:
            kiosk = halls.paired(office, "kiosk", clock(), printer=sink.option)
            clock.set(clock() + timedelta(seconds=5))
            shown = take(kiosk, touch=str(touch))
            assert number_on(shown) == "V1"
            action = found(r'action="(/kiosk/listek/\w+/tisk/)"', shown)
            assert "Vezměte si dole lístek" in text_of(kiosk.post(action, follow=True))
            assert "V1" in halls.Paper(sink.job()).text
            clock.set(clock() + timedelta(minutes=6))
            kiosk.post(action)
            assert len(sink.jobs) == 1
        assert Ticket.objects.count() == 1

    def test_no_paper_takes_nothing_from_the_citizen_and_alerts_the_staff(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        with halls.printer(paper=False) as sink:
            kiosk = halls.paired(office, "kiosk", clock(), printer=sink.option)
            for number in (1, 2):
                words = text_of(take(kiosk))
                assert "Lístek se nepodařilo vytisknout" in words
                assert f"Vaše číslo V{number}" in words
            device = town.kiosk(office)
            assert device.fault == "printer_no_paper"
            assert Event.objects.filter(kind="DeviceFault").count() == 1
            assert "Tiskárna teď netiskne" in text_of(kiosk.get("/kiosk/"))
            sink.paper = True
            assert "Vezměte si dole lístek" in text_of(take(kiosk))
        assert town.kiosk(office).fault == ""
        assert "Tiskárna" not in text_of(kiosk.get("/kiosk/"))

    def test_a_printer_that_falls_silent_is_suspected_and_said(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        with halls.printer() as sink:
            kiosk = halls.paired(office, "kiosk", clock(), printer=sink.option)
            assert "Vezměte si dole lístek" in text_of(take(kiosk))
            assert town.kiosk(office).printer_answered_at == clock()
            sink.silent = True
            clock.set(clock() + timedelta(minutes=1))
            words = text_of(take(kiosk))
            assert "Lístek se možná nevytiskl" in words
            assert "Když lístek nevyjede, číslo si prosím zapamatujte" in words
            assert "Vaše číslo V2" in words
            assert "Zkusit tisk znovu" in words
            device = town.kiosk(office)
            assert (device.fault, device.fault_at) == ("printer_silent", clock())
            assert device.printed == "V1"
            take(kiosk)
            assert Event.objects.filter(kind="DeviceFault").count() == 1
            assert "Tiskárna teď možná netiskne" in text_of(kiosk.get("/kiosk/"))
            sink.silent = False
            assert "Vezměte si dole lístek" in text_of(take(kiosk))
        assert town.kiosk(office).fault == ""
        assert "Tiskárna" not in text_of(kiosk.get("/kiosk/"))

    def test_a_printer_that_never_answers_is_believed(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        with halls.printer(answers=False) as sink:
            kiosk = halls.paired(office, "kiosk", clock(), printer=sink.option)
            for _ in range(2):
                assert "Vezměte si dole lístek" in text_of(take(kiosk))
                sink.job()
        assert town.kiosk(office).fault == ""

    def test_another_printer_owes_no_answers_to_the_one_before(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        with halls.printer() as sink, halls.printer(answers=False) as other:
            kiosk = halls.paired(office, "kiosk", clock(), printer=sink.option)
            take(kiosk)
            Device.objects.filter(kind="kiosk").update(options={"printer": other.option})
            assert "Vezměte si dole lístek" in text_of(take(kiosk))
            other.job()
        assert town.kiosk(office).fault == ""

    def test_the_browser_prints_where_the_office_says_so(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        kiosk = halls.paired(office, "kiosk", clock(), printer={"kind": "browser"})
        assert " data-print" in take(kiosk).content.decode()


class TestStart:
    def test_it_offers_what_gives_tickets_now(self, kiosk: Client, office: OfficeSnapshot) -> None:
        Service.objects.filter(code="znacky").update(walk_in=False)
        Office.objects.update(version=2)
        words = text_of(kiosk.get("/kiosk/"))
        assert "V Přepis vozidla nikdo nečeká" in words
        assert "D Cestovní pas" in words
        assert "Značky" not in words
        assert "Klienti objednaní přes web" in words

    def test_it_keeps_to_the_services_of_the_kiosk(
        self, office: OfficeSnapshot, clock: Clock
    ) -> None:
        kiosk = halls.paired(office, "kiosk", clock(), services=["pas"])
        words = text_of(kiosk.get("/kiosk/"))
        assert "Cestovní pas" in words
        assert "Přepis" not in words

    def test_more_than_eight_services_are_grouped_by_agenda(
        self, kiosk: Client, office: OfficeSnapshot
    ) -> None:
        vehicles = Agenda.objects.get(code="vozidla")
        for number in range(9):
            Service.objects.create(
                office=office.row,
                agenda=vehicles,
                code=f"u{number}",
                position=10 + number,
                name={"cs": f"Úkon {number}"},
            )
        Office.objects.update(version=2)
        start = kiosk.get("/kiosk/")
        assert start.content.decode().count('class="kiosk-choice"') == 2
        assert "Registr vozidel" in text_of(start)
        first = kiosk.get("/kiosk/agenda/vozidla/")
        assert first.content.decode().count('class="kiosk-choice"') == 8
        assert "Další možnosti obrazovka 1 ze 2" in text_of(first)
        second = text_of(kiosk.get("/kiosk/agenda/vozidla/?strana=2"))
        assert "Úkon 8" in second
        assert "Úkon 0" not in second
        assert kiosk.get("/kiosk/agenda/nic/").status_code == 302

    @pytest.mark.parametrize(
        ("moment", "says"),
        [
            ("6:00", "Úřad je teď zavřený Úřad znovu otevře pondělí 23. listopadu 2026, 8:00"),
            ("12:10", "Úřad je teď zavřený Úřad znovu otevře pondělí 23. listopadu 2026, 13:00"),
            ("17:00", "Úřad je teď zavřený Úřad znovu otevře úterý 24. listopadu 2026, 8:00"),
        ],
    )
    def test_a_closed_office_says_when_it_opens(
        self, kiosk: Client, clock: Clock, moment: str, says: str
    ) -> None:
        clock.set(town.at(moment))
        assert says in text_of(kiosk.get("/kiosk/"))

    def test_a_day_off_says_so(self, kiosk: Client, office: OfficeSnapshot) -> None:
        HoursException.objects.create(
            office=office.row, kind="closed", from_date=town.MONDAY, to_date=town.MONDAY
        )
        Office.objects.update(version=2)
        assert "otevře úterý 24. listopadu" in text_of(kiosk.get("/kiosk/"))

    def test_tickets_that_ran_out_before_closing_are_named(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        Office.objects.update(version=2, last_ticket_min=30)
        touch = touch_on(kiosk.get("/kiosk/"))
        clock.set(town.at("16:40"))
        words = text_of(kiosk.get("/kiosk/"))
        assert "Lístky se dnes už nevydávají" in words
        late = text_of(take(kiosk, touch=touch))
        assert "Na tento úkon se teď lístky nevydávají" in late
        assert "Otevíráme zítra v 8:00" in late
        assert not Ticket.objects.exists()

    def test_before_a_break_at_noon_nobody_is_sent_away_for_the_day(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        OpeningHours.objects.filter(office=office.row, booking=False).delete()
        for opens, closes in ((480, 690), (750, 1020)):
            OpeningHours.objects.create(
                office=office.row, weekday=town.MONDAY.weekday(), opens=opens, closes=closes
            )
        Office.objects.update(version=2, last_ticket_min=15)
        clock.set(town.at("11:20"))
        words = text_of(kiosk.get("/kiosk/"))
        assert "Lístky se teď nevydávají" in words
        assert "12:30" in words
        assert "dnes už" not in words

    def test_contrast_holds_until_the_next_person(self, kiosk: Client) -> None:
        assert 'data-contrast="high"' in kiosk.get("/kiosk/?kontrast=1").content.decode()
        assert 'data-contrast="high"' in kiosk.get("/kiosk/pin/").content.decode()
        assert 'data-contrast="high"' not in kiosk.get("/kiosk/?kontrast=0").content.decode()
        assert 'data-contrast="high"' not in kiosk.get("/kiosk/pin/").content.decode()

    @pytest.mark.parametrize("path", ["/kiosk/", "/kiosk/pin/", "/en/kiosk/", "/en/kiosk/pin/"])
    def test_every_screen_has_language_and_contrast(self, kiosk: Client, path: str) -> None:
        page = kiosk.get(path).content.decode()
        assert 'class="languages"' in page
        assert "kontrast=1" in page

    def test_without_a_script_the_screen_returns_as_well(self, kiosk: Client) -> None:
        page = kiosk.get("/kiosk/pin/").content.decode()
        assert '<noscript><meta http-equiv="refresh" content="30;url=/kiosk/?kontrast=0">' in page


class TestPin:
    def test_keys_type_without_a_script(self, kiosk: Client) -> None:
        typed, touch = "", touch_on(kiosk.get("/kiosk/pin/"))
        for key in ("1", "2", "9", "back", "3", "4", "5"):
            page = kiosk.post("/kiosk/pin/", {"pin": typed, "key": key, "touch": touch})
            typed = found(r'id="pin" name="pin" value="(\d*)"', page)
            assert touch_on(page) == touch
        assert typed == "1234"
        assert not Event.objects.filter(kind="PinTried").exists()

    def test_inside_the_window_it_registers(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05"))
        words = text_of(enter(kiosk, booking.pin))
        assert "Víme o Vás Zapamatujte si číslo" in words
        assert "Vaše číslo V1" in words
        assert "Jana" not in words
        booking.refresh_from_db()
        assert booking.state == BookingState.ARRIVED

    def test_the_same_touch_registers_once(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05"))
        touch = str(uuid4())
        enter(kiosk, booking.pin, touch)
        assert number_on(enter(kiosk, booking.pin, touch)) == "V1"
        assert Ticket.objects.count() == 1

    def test_somewhat_early_it_registers_and_says_from_when(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("8:45"))
        words = text_of(enter(kiosk, booking.pin))
        assert "Přišli jste o něco dřív, víme o Vás Na řadu přijdete od 9:00." in words

    def test_late_it_gives_a_place_in_the_ordinary_queue(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("10:05"))
        assert "místo v běžné frontě" in text_of(enter(kiosk, booking.pin))
        assert Ticket.objects.get().late

    def test_much_too_early_it_says_when_to_come(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "10:00")
        clock.set(town.at("8:10"))
        words = text_of(enter(kiosk, booking.pin))
        assert "Přijďte ke kiosku mezi 9:30 a 11:10 a zadejte PIN znovu." in words
        assert not Ticket.objects.exists()

    def test_missed_it_offers_an_ordinary_ticket_in_one_touch(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("10:20"))
        answer = enter(kiosk, booking.pin)
        words = text_of(answer)
        assert "Objednávka byla na 9:00–10:00 a dala se použít do 10:10." in words
        assert "Vzít si běžný lístek Přepis vozidla" in words
        assert number_on(take(kiosk, touch=touch_on(answer))) == "V1"

    def test_missed_without_walk_ins_it_sends_to_the_desk(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        Service.objects.update(walk_in=False)
        Office.objects.update(version=2)
        clock.set(town.at("10:20"))
        words = text_of(enter(kiosk, booking.pin))
        assert "Obraťte se prosím na informace" in words
        assert "Vzít si" not in words

    def test_entered_again_at_once_it_is_the_same_ticket_on_new_paper(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05"))
        with halls.printer() as sink:
            Device.objects.filter(code="kiosk").update(options={"printer": sink.option})
            first = enter(kiosk, booking.pin)
            paper = halls.Paper(sink.job())
            clock.set(clock() + timedelta(seconds=119))
            again = enter(kiosk, booking.pin)
            assert halls.Paper(sink.job()).qr == paper.qr
        assert again.request["PATH_INFO"] == first.request["PATH_INFO"]
        assert Ticket.objects.count() == 1
        assert [
            e.data["outcome"] for e in Event.objects.filter(kind="PinTried").order_by("pk")
        ] == [
            "inside",
            "again",
        ]

    def test_used_it_says_since_when_and_gives_the_ticket_to_nobody(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05"))
        enter(kiosk, booking.pin)
        ticket = Ticket.objects.get()
        clock.set(clock() + timedelta(seconds=120))
        answer = enter(kiosk, booking.pin)
        words = text_of(answer)
        assert "Na tento PIN už byl vydán lístek Vydali jsme ho v 9:05." in words
        assert "zeptejte se prosím na informacích" in words
        assert ticket.label not in words
        assert ticket.code not in answer.content.decode()
        token = answer.request["PATH_INFO"].split("/")[-2]
        assert ticket.code not in str(outcome_screens.read_answer(token))
        clerk = town.clerk(office)
        counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=clock())
        turns.call_next(office=office, clerk=clerk.pk, now=clock())
        assert outcome_of(enter(kiosk, booking.pin)) == "used"
        turns.finish_service(office=office, clerk=clerk.pk, now=clock())
        assert "Tato návštěva už skončila" in text_of(enter(kiosk, booking.pin))
        assert Ticket.objects.count() == 1

    @pytest.mark.parametrize("where", ["desk", "another kiosk"])
    def test_a_ticket_given_elsewhere_is_not_printed_here(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock, where: str
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05"))
        if where == "desk":
            tickets.check_in_at_desk(
                office=office, booking=booking.pk, touch=uuid4(), now=clock(), actor=0
            )
        else:
            other = Device.objects.create(
                office=office.row, code="k2", kind="kiosk", name={"cs": "K2"}
            )
            tickets.check_in(
                office=office, device=other, pin=booking.pin, touch=uuid4(), now=clock()
            )
        assert outcome_of(enter(kiosk, booking.pin)) == "used"

    def test_called_in_vain_it_puts_the_ticket_back_once(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clerk = at_work(office)
        clock.set(town.at("9:00"))
        first = enter(kiosk, booking.pin)
        miss(office, clerk, "9:05")
        clock.set(town.at("9:20"))
        back = enter(kiosk, booking.pin)
        assert back.request["PATH_INFO"] == first.request["PATH_INFO"]
        words = text_of(back)
        assert "Jste zpět ve frontě" in words
        assert "Volali jsme Vás v 9:05 k přepážce 1." in words
        assert "Vaše číslo V1" in words
        assert "uplynul" not in words
        miss(office, clerk, "9:25")
        again = text_of(enter(kiosk, booking.pin))
        assert "Volali jsme Vás v 9:25 k přepážce 1" in again
        assert "V1" in again
        assert "k informacím" in again
        assert "uplynul" not in again

    def test_what_it_keeps_for_the_time_without_the_server_says_the_call(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clerk = at_work(office)
        clock.set(town.at("9:00"))
        enter(kiosk, booking.pin)

        def kept() -> dict[str, Any]:
            sent = {"browser": uuid4().hex}
            answer = kiosk.post("/kiosk/zasoba/", sent, content_type="application/json")
            (pin,) = answer.json()["pins"]
            return pin  # type: ignore[no-any-return]

        assert (kept()["missed"], kept()["call"]) == (False, None)
        miss(office, clerk, "9:05")
        pin = kept()
        assert (pin["missed"], pin["returned"]) == (True, False)
        said = {language: text.replace("\u00a0", " ") for language, text in pin["call"].items()}
        assert list(said) == [code for code, _name in settings.LANGUAGES]
        assert said["cs"] == "Volali jsme Vás v 9:05 k přepážce 1"
        assert said["en"] == "We called you at 9:05 to counter 1"
        assert "ticket" not in pin

    def test_called_in_vain_and_too_late_it_says_both(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clerk = at_work(office)
        clock.set(town.at("9:00"))
        enter(kiosk, booking.pin)
        miss(office, clerk, "9:05")
        clock.set(town.at("10:10"))
        words = text_of(enter(kiosk, booking.pin))
        assert "Volali jsme Vás v 9:05 k přepážce 1" in words
        assert "9:00–10:00" in words
        assert "10:10" in words
        assert "Vzít si" in words

    def test_cancelled_it_says_so(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        booking_lifecycle.cancel_booking(booking=booking.pk, now=clock())
        assert "Objednávka na 9:00–10:00 už neplatí." in text_of(enter(kiosk, booking.pin))

    def test_unconfirmed_it_says_what_was_missing(
        self, kiosk: Client, office: OfficeSnapshot
    ) -> None:
        booking = town.confirmed(office, "9:00")
        Booking.objects.filter(pk=booking.pk).update(state=BookingState.EXPIRED, confirmed_at=None)
        words = text_of(enter(kiosk, booking.pin))
        assert "Termín 9:00–10:00 jsme Vám drželi, ale odkaz" in words

    def test_another_day_it_says_which(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05", town.MONDAY - timedelta(days=3)))
        words = text_of(enter(kiosk, booking.pin))
        assert "Váš termín: pondělí 23. listopadu 2026, 9:00–10:00." in words
        assert "mezi 8:30 a 10:10" in words
        clock.set(town.at("9:05", town.MONDAY + timedelta(days=1)))
        words = text_of(enter(kiosk, booking.pin))
        assert "Objednávka byla na jiný den Byla na tento termín: pondělí 23. listopadu" in words

    def test_another_office_it_says_which(self, kiosk: Client, clock: Clock) -> None:
        other = town.office("jinde")
        Office.objects.filter(slug="jinde").update(name={"cs": "Úřad Jinde"})
        booking = town.confirmed(snapshot_of(Office.objects.get(slug="jinde")), "9:00")
        assert other.office_id == booking.office_id
        words = text_of(enter(kiosk, booking.pin))
        assert "Tento PIN patří sem: Úřad Jinde, Náměstí 1, Lhota." in words
        assert "na tamním kiosku mezi 8:30 a 10:10" in words

    def test_too_few_digits_are_not_counted_as_wrong(
        self, kiosk: Client, office: OfficeSnapshot
    ) -> None:
        assert outcome_of(enter(kiosk, "12")) == "short"
        assert town.kiosk(office).wrong_pins == 0

    def test_five_wrong_pause_for_half_a_minute_and_never_lock(
        self, kiosk: Client, office: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(office, "9:00")
        clock.set(town.at("9:05"))
        wrong = next(p for p in ("5271", "5272") if p != booking.pin)
        for _ in range(4):
            assert outcome_of(enter(kiosk, wrong)) == "unknown"
        fifth = enter(kiosk, wrong)
        assert outcome_of(fifth) == "paused"
        assert "<strong data-idle-left>30</strong>" in fifth.content.decode()
        clock.set(clock() + timedelta(seconds=12))
        assert "<strong data-idle-left>18</strong>" in enter(kiosk, booking.pin).content.decode()
        assert outcome_of(kiosk.get("/kiosk/pin/", follow=True)) == "paused"
        assert number_on(take(kiosk)) == "V1"  # ordinary tickets go on
        clock.set(clock() + timedelta(seconds=19))
        assert number_on(enter(kiosk, booking.pin)) == "V2"

    def test_every_outcome_has_words_of_its_own(self, kiosk: Client) -> None:
        said = {
            outcome: text_of(
                kiosk.get(
                    outcome_screens.answer_address(outcome_screens.KioskAnswer(outcome.value))
                )
            )
            for outcome in Outcome
            if outcome not in {*ACCEPTED, Outcome.RETURNED, Outcome.AGAIN}
        }
        assert len(set(said.values())) == len(said) == 11

    def test_an_answer_cannot_be_made_up(self, kiosk: Client) -> None:
        assert kiosk.get("/kiosk/odpoved/xyz/")["Location"] == "/kiosk/?kontrast=0"


class TestManyWrongPins:
    """The kiosk asks for three digits of the telephone, by its keys and without a script."""

    @pytest.fixture
    def asking(self, office: OfficeSnapshot, clock: Clock) -> OfficeSnapshot:
        for _ in range(10):
            town.kiosk(office).wrong_pin_rows.create(
                office=office.row, at=town.at("8:00"), answered=False
            )
        return office

    def test_the_right_digits_give_the_ticket(
        self, kiosk: Client, asking: OfficeSnapshot, clock: Clock
    ) -> None:
        booking = town.confirmed(asking, "8:00", phone="+420777123456")
        answer = enter(kiosk, booking.pin)
        assert "Poslední tři číslice telefonu" in text_of(answer)
        touch, second = touch_on(answer), ""
        for key in "456":
            answer = kiosk.post(
                "/kiosk/pin/", {"pin": booking.pin, "touch": touch, "second": second, "key": key}
            )
            second = found(r'name="second" value="(\d*)"', answer)
        assert second == "456"
        form = {"pin": booking.pin, "touch": touch, "second": second}
        given = kiosk.post("/kiosk/pin/", form, follow=True)
        assert "V1" in text_of(given)

    def test_after_too_many_answers_it_sends_to_reception(
        self, kiosk: Client, asking: OfficeSnapshot, clock: Clock
    ) -> None:
        for _ in range(19):
            town.kiosk(asking).wrong_pin_rows.create(
                office=asking.row, at=town.at("8:00"), answered=True
            )
        booking = town.confirmed(asking, "8:00", phone="+420777123456")
        answer = enter(kiosk, booking.pin)
        assert outcome_of(answer) == "reception"
