import re
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

import prepazka.surfaces.display
from prepazka.accounts.models import User
from prepazka.core.speech import every_clip
from prepazka.offices import devices
from prepazka.offices.models import Counter, Device, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.surfaces.display import view_data
from tests import halls, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return halls.stop_clocks(monkeypatch, town.at("8:30"))


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def display(office: OfficeSnapshot, clock: Clock) -> Client:
    return halls.paired(office, "panel", clock())


def wait_and_call(
    office: OfficeSnapshot, clock: Clock, number: str = "1", who: str = "novakova"
) -> User:
    clerk = town.clerk(office, who)
    counters.open_counter(counter=town.counter(office, number), clerk=clerk.pk, now=clock())
    tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=clock())
    turns.call_next(office=office, clerk=clerk.pk, now=clock())
    return clerk


@pytest.mark.real_time
def test_an_unknown_browser_is_asked_for_the_code(office: OfficeSnapshot) -> None:
    assert "Párovací kód" in text_of(Client().get("/panel/"))


def test_a_revoked_display_loads_itself_anew(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    device = Device.objects.get(code="panel")
    devices.revoke_pairing(device=device.pk, now=clock())
    assert b"data-reload" in display.get("/panel/obsah/").content
    assert "Párovací kód" in text_of(display.get("/panel/"))


def test_before_the_first_call_it_asks_to_wait(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    words = text_of(display.get("/panel/"))
    assert "Vyčkejte prosím na své číslo" in words
    assert "Žádná přepážka teď není otevřená" in words


def test_a_call_says_number_counter_and_place_and_no_name(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    Counter.objects.filter(number="1").update(place={"cs": "1. patro, dveře 12"})
    Office.objects.update(version=2)
    wait_and_call(office, clock)
    words = text_of(display.get("/panel/obsah/"))
    assert "Pojďte prosím" in words
    assert "V1 Přepážka 1 1. patro, dveře 12" in words
    assert "Novakova" not in display.get("/panel/").content.decode()


def test_a_recall_is_news_and_comes_first(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    first = wait_and_call(office, clock)
    clock.set(clock() + timedelta(minutes=1))
    wait_and_call(office, clock, "2", "svobodova")
    before = display.get("/panel/obsah/").content.decode()
    assert before.index('data-call="V2/1/') < before.index('data-call="V1/1/')
    clock.set(clock() + timedelta(minutes=1))
    turns.recall_client(office=office, clerk=first.pk, now=clock())
    after = display.get("/panel/obsah/").content.decode()
    assert after.index('data-call="V1/2/') < after.index('data-call="V2/1/')


def test_it_keeps_the_last_six(display: Client, office: OfficeSnapshot, clock: Clock) -> None:
    clerk = wait_and_call(office, clock)
    for _ in range(8):
        clock.set(clock() + timedelta(minutes=1))
        turns.finish_service(office=office, clerk=clerk.pk, now=clock())
        tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=clock()
        )
        turns.call_next(office=office, clerk=clerk.pk, now=clock())
    page = display.get("/panel/obsah/").content.decode()
    assert [f'data-ticket="V{n}"' in page for n in range(1, 10)] == [False] * 3 + [True] * 6


def test_it_keeps_to_its_counters(office: OfficeSnapshot, clock: Clock) -> None:
    display = halls.paired(office, "panel", clock(), counters=["p2"], layout="counter")
    wait_and_call(office, clock, "1")
    assert "V1" not in text_of(display.get("/panel/obsah/"))
    wait_and_call(office, clock, "2", "svobodova")
    page = display.get("/panel/obsah/")
    assert "V2" in text_of(page)
    assert "display-main--counter" in page.content.decode()


def test_breaks_and_ended_tickets_are_said_in_words(
    display: Client, office: OfficeSnapshot, clock: Clock
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


def test_a_forgotten_counter_keeps_no_display_open(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    clerk = town.clerk(office).pk
    counters.open_counter(counter=town.counter(office), clerk=clerk, now=town.at("16:00"))
    clock.set(town.at("17:05"))
    assert "Úřad je teď zavřený" in text_of(display.get("/panel/obsah/"))
    walk_in = tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("16:50")
    )
    assert "zavřený" not in text_of(display.get("/panel/obsah/")), "somebody waits: overtime"
    turns.call_next(office=office, clerk=clerk, now=town.at("17:06"))
    assert walk_in.label in text_of(display.get("/panel/obsah/"))
    turns.finish_service(office=office, clerk=clerk, now=town.at("17:10"))
    assert "Úřad je teď zavřený" in text_of(display.get("/panel/obsah/"))


def test_a_closed_office_says_when_it_opens(display: Client, clock: Clock) -> None:
    clock.set(town.at("17:30"))
    assert "Úřad je teď zavřený Znovu otevře: úterý 24. listopadu 2026, 8:00" in text_of(
        display.get("/panel/obsah/")
    )


def test_whoever_is_still_served_after_closing_stays_on(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    wait_and_call(office, clock)
    clock.set(town.at("17:10"))
    assert "V1" in text_of(display.get("/panel/obsah/"))


def test_it_lives_by_the_stream_of_its_office_and_without_a_script(display: Client) -> None:
    page = display.get("/panel/").content.decode()
    assert 'data-live="/zive/lhota/" data-fragment="/panel/obsah/"' in page
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page


@pytest.fixture
def voice(tmp_path: Path, settings: Any) -> Path:
    """A folder in which all Czech clips are, recorded by the office; their content does not matter here."""
    settings.VOICE_FOLDER = str(tmp_path)
    for clip in every_clip("cs"):
        file = tmp_path / "own" / "cs" / f"{clip}.mp3"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"ID3" + clip.encode())
    return tmp_path


def said(answer: Any) -> list[str]:
    """What the newest call is said by."""
    found = re.search(r'data-say="([^"]*)"', answer.content.decode())
    assert found
    return [re.sub(r"^.*/(?=\w+/)|\?v=.*", "", one) for one in found[1].split()]


def test_a_call_names_its_clips_in_order(
    display: Client, office: OfficeSnapshot, clock: Clock, voice: Path
) -> None:
    wait_and_call(office, clock)
    answer = display.get("/panel/obsah/")
    expected = ["cs/number", "cs/letter-v", "cs/1", "cs/counter", "cs/1"]
    assert said(answer) == ["display/chime.wav", *expected]
    turns.start_serving(office=office, clerk=User.objects.get().pk, now=clock())
    assert said(display.get("/panel/obsah/")) == []  # whoever has come is not called again


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sound": "off"}, 0),
        ({"sound": "chime"}, 1),
        ({"sound": "speech"}, 6),
        ({"layout": "counter"}, 1),
        ({"speech": ["en"]}, 1),  # there are no English clips: half of it is never said
        ({"speech": ["en", "cs"]}, 6),
        ({"volume": 30}, 6),
    ],
)
def test_the_office_says_what_is_heard(
    office: OfficeSnapshot, clock: Clock, voice: Path, options: dict[str, Any], expected: int
) -> None:
    display = halls.paired(office, "panel", clock(), **options)
    wait_and_call(office, clock)
    answer = display.get("/panel/obsah/")
    assert len(said(answer)) == expected
    assert f'data-volume="{options.get("volume", 100)}"' in answer.content.decode()


def test_a_missing_clip_leaves_the_chime_and_the_text(
    display: Client, office: OfficeSnapshot, clock: Clock, voice: Path
) -> None:
    (voice / "own/cs/letter-v.mp3").unlink()
    wait_and_call(office, clock)
    answer = display.get("/panel/obsah/")
    assert said(answer) == ["display/chime.wav"]
    assert "Pojďte prosím" in text_of(answer)


def test_a_clip_is_kept_by_browsers_until_it_changes(
    display: Client, office: OfficeSnapshot, clock: Clock, voice: Path
) -> None:
    wait_and_call(office, clock)
    found = re.search(r'data-say="[^"]*?(/panel/hlas/cs/letter-v\?v=\w+)', display.get("/panel/").content.decode())  # fmt: skip
    assert found
    answer = Client().get(found[1])
    assert answer.content == b"ID3letter-v"
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert Client().get("/panel/hlas/cs/letter-v?v=old").headers["Cache-Control"] == "no-cache"
    for wrong in ("cs/nothing", "cs/../../own/cs/1", "cs/1.mp3", "chime", "%2e%2e/x"):
        assert Client().get(f"/panel/hlas/{wrong}").status_code == 404


@pytest.mark.real_time
def test_a_display_that_is_not_heard_tells_the_staff_until_it_is(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    clerk = wait_and_call(office, clock)
    staff = Client()
    staff.force_login(clerk)
    words = "prohlížeč pustí zvuk panelu, až se ho někdo dotkne"
    assert display.post("/panel/zvuk/", {"fault": "printer_broken"}).status_code == 400
    assert display.post("/panel/zvuk/", {"fault": "sound_blocked"}).status_code == 204
    page = text_of(staff.get("/pult/lhota/"))
    assert words in page
    assert "zobrazují jako vždy" in page
    assert 'data-fault="sound_blocked"' in display.get("/panel/").content.decode()
    assert display.post("/panel/zvuk/", {"fault": ""}).status_code == 204
    assert words not in text_of(staff.get("/pult/lhota/"))


def test_the_way_the_door_and_the_text_of_the_office(office: OfficeSnapshot, clock: Clock) -> None:
    Counter.objects.filter(number="2").update(name={"cs": "Dveře 2"}, place={"cs": "1. patro"})
    Office.objects.update(version=2)
    display = halls.paired(
        office,
        "panel",
        clock(),
        layout="corridor",
        arrows={"p2": "upstairs"},
        text={"cs": "Platit můžete kartou."},
    )
    wait_and_call(office, clock, "2")
    page = display.get("/panel/obsah/")
    assert "Dveře 2 nahoru 1. patro" in text_of(page)
    assert "way--upstairs" in page.content.decode()
    assert "Platit můžete kartou." in text_of(page)


def test_a_name_without_the_number_stands_below_it(
    display: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    Counter.objects.filter(number="1").update(name={"cs": "Okénko podatelny"})
    Office.objects.update(version=2)
    wait_and_call(office, clock)
    assert "V1 Přepážka 1 Okénko podatelny" in text_of(display.get("/panel/obsah/"))


def test_above_a_counter_its_number_stays_while_nobody_is_called(
    office: OfficeSnapshot, clock: Clock
) -> None:
    display = halls.paired(office, "panel", clock(), counters=["p1"], layout="counter")
    assert "Přepážka 1 Zavřeno" in text_of(display.get("/panel/obsah/"))
    clerk = wait_and_call(office, clock)
    assert "V1 Přepážka 1" in text_of(display.get("/panel/obsah/"))
    turns.finish_service(office=office, clerk=clerk.pk, now=clock())
    assert "Přepážka 1 Vyčkejte prosím na své číslo" in text_of(display.get("/panel/obsah/"))


def test_whole_agendas_end_by_their_name(
    display: Client, office: OfficeSnapshot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = {"prepis", "znacky"}
    monkeypatch.setattr(view_data, "tickets_ended", lambda _office, one, _now: one.code in over)
    assert "Dnes už bez lístků: Registr vozidel" in text_of(display.get("/panel/obsah/"))
    over.remove("znacky")
    assert "Dnes už bez lístků: Přepis vozidla" in text_of(display.get("/panel/obsah/"))


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
