"""The start page of a demo: true of each office, one click for each role, and only in a demo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from prepazka.accounts.models import User
from prepazka.config import demo_setup
from prepazka.officefile import presets
from prepazka.officefile.office_loading import load
from prepazka.offices import clock, demo_play
from prepazka.offices.models import DemoClock, DemoPlay, Device, Membership, Office
from prepazka.queueing import counters
from prepazka.web.demo_people import PASSWORD
from tests import town

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
LOADED = town.at("10:00", date(2026, 11, 20))
NIGHT = town.at("3:00", date(2026, 11, 30))
MORNING = town.at("9:00", date(2026, 11, 30))


@pytest.fixture(autouse=True)
def _demo(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.DEMO = settings.DEMO_PLAYER = True
    monkeypatch.setenv("PREPAZKA_MAILBOX", str(tmp_path))
    monkeypatch.setattr(demo_setup, "now", lambda: LOADED)
    monkeypatch.setattr(clock, "real_now", lambda: LOADED)
    monkeypatch.setattr(demo_setup, "PRESETS", ("touzim", "praha-6"))
    demo_setup.load_presets()
    clock.move_to(NIGHT)
    yield
    clock._cached_clock, clock._looked_at = None, float("-inf")


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def posts(html: str) -> list[str]:
    return re.findall(r'<form method="post" action="([^"]+)" target="_blank">', html)


def links(html: str) -> list[str]:
    return re.findall(r'<a class="gov-button" href="([^"]+)" target="_blank"', html)


def test_at_night_it_says_so_and_a_button_leads_to_the_morning(client: Client) -> None:
    shown = text(client.get("/?urad=touzim"))
    assert "pondělí 30. listopadu 2026 3:00" in shown
    assert "Městský úřad Toužim otevře: pondělí 30. listopadu 2026, 8:00" in shown
    assert "Přejít na: pondělí 30. listopadu 2026, 9:00" in shown
    client.post("/demo/cas/", {"urad": "touzim", "do": "morning"})
    shown = text(client.get("/?urad=touzim"))
    assert "pondělí 30. listopadu 2026 9:00" in shown
    assert "Městský úřad Toužim má otevřeno do 11:30." in shown
    client.post("/demo/cas/", {"urad": "touzim", "do": "10"})
    assert MORNING + timedelta(minutes=10) <= clock.now() < MORNING + timedelta(minutes=11)
    client.post("/demo/cas/", {"urad": "touzim", "do": "real"})
    assert not DemoClock.objects.exists()
    assert "Je to skutečný čas." in text(client.get("/?urad=touzim"))


def test_the_morning_is_one_on_which_the_chosen_office_is_open(client: Client) -> None:
    clock.move_to(town.at("18:30", date(2026, 12, 2)))  # Wednesday
    client.post("/demo/cas/", {"urad": "praha6", "do": "morning"})
    assert clock.now().date() == date(2026, 12, 3)
    client.post("/demo/cas/", {"urad": "touzim", "do": "morning"})
    assert clock.now().date() == date(2026, 12, 7)


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("preset", demo_setup.PRESETS)
def test_every_link_and_button_of_every_office_leads_where_it_says(
    client: Client, monkeypatch: pytest.MonkeyPatch, preset: str, language: str
) -> None:
    if not Office.objects.filter(slug=presets_slug(preset)).exists():
        monkeypatch.setattr(demo_setup, "PRESETS", (preset,))
        demo_setup.load_presets()
    slug = presets_slug(preset)
    clock.move_to(MORNING)
    html = client.get(f"{language}/?urad={slug}").content.decode()
    for link in links(html):
        assert client.get(link).status_code == 200, link
    log_ins = [one for one in posts(html) if "/prihlasit/" in one]
    office = Office.objects.get(slug=slug)
    roles = [*Membership.objects.filter(office=office).values_list("role", flat=True).distinct()]
    with_diary = office.officials.exclude(user=None).exists()
    assert len(log_ins) == len(roles) + with_diary
    for path in log_ins:
        answer = client.post(path, follow=True)
        assert answer.status_code == 200, path
        member = Membership.objects.get(office=office, user=answer.wsgi_request.user.pk)
        assert f"/{slug}/" in answer.redirect_chain[-1][0]
        assert member.name in text(answer).split("Log out")[-1].split("Odhlásit se")[-1], path
    devices = [one for one in posts(html) if "/zarizeni/" in one]
    assert len(devices) == Device.objects.filter(office=office).count()
    for path in devices:
        answer = client.post(path, follow=True)
        assert answer.status_code == 200, path
        assert "/parovani/" not in answer.content.decode()
    assert not Device.objects.filter(office=office, token_hash="").exists()


def presets_slug(preset: str) -> str:
    return {"cesky-krumlov": "krumlov", "praha-6": "praha6"}.get(preset, preset)


def test_a_kiosk_and_a_display_are_paired_beside_each_other_and_a_log_in(client: Client) -> None:
    clock.move_to(MORNING)
    client.post("/demo/zarizeni/touzim/kiosk/")
    client.post("/demo/zarizeni/touzim/panel/")
    client.post("/demo/prihlasit/touzim/clerk/")
    for path in ("/kiosk/", "/panel/", "/pult/touzim/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Toužim" in text(answer)


def test_the_clerk_can_open_a_counter_at_once_and_is_told_so(client: Client) -> None:
    clock.move_to(MORNING)
    answer = client.post("/demo/prihlasit/touzim/clerk/", follow=True)
    assert "Vyberte si přepážku a můžete hned vyvolávat." in text(answer)
    client.post("/pult/touzim/otevrit/", {"counter": "p1"})
    answer = client.post("/demo/prihlasit/touzim/clerk/", follow=True)
    assert "Jste Jana Nováková u otevřené přepážky. Vyvolejte dalšího." in text(answer)


def test_the_tour_s_other_buttons_work_after_a_log_in_from_another_tab() -> None:
    client = Client(enforce_csrf_checks=True)
    html = client.get("/?urad=touzim").content.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)[0]
    assert client.post("/demo/prihlasit/touzim/clerk/").status_code == 403
    for role in ("clerk", "head", "administrator"):
        answer = client.post(f"/demo/prihlasit/touzim/{role}/", {"csrfmiddlewaretoken": token})
        assert answer.status_code == 302, role
        assert answer["Location"].startswith(("/pult/", "/sprava/"))


def test_a_log_in_opens_nothing_that_its_published_password_would_not(client: Client) -> None:
    user = User.objects.get(username="spravce.touzim")
    user.set_password("jiné heslo, které zná jen město")
    user.save()
    answer = client.post("/demo/prihlasit/touzim/administrator/", follow=True)
    assert "má už jiné heslo" in text(answer)
    assert client.get("/sprava/touzim/").status_code == 302
    head = User.objects.get(username="vedouci.touzim")
    Authenticator.objects.create(user=head, type="totp", data={"secret": "x"})
    answer = client.post("/demo/prihlasit/touzim/head/")
    assert answer["Location"].startswith("/ucet/2fa/authenticate/")
    assert client.get("/sprava/touzim/").status_code == 302


def test_neither_a_real_office_nor_another_person_is_opened(client: Client) -> None:
    load(presets.preset_text("sumperk"), now=LOADED)  # as `prepazka office load` does
    clerk = User.objects.create_user(username="novakova.sumperk", password=PASSWORD)
    Membership.objects.create(
        office=Office.objects.get(slug="sumperk"), user=clerk, role="clerk", name="Skutečná"
    )
    assert "Šumperk" not in text(client.get("/"))
    for path in (
        "prihlasit/sumperk/clerk",
        "zarizeni/sumperk/kiosk",
        "prihlasit/touzim/nobody",
        "prihlasit/touzim/official",  # no diaries there
        "zarizeni/touzim/neni",
    ):
        assert client.post(f"/demo/{path}/").status_code == 404, path
    assert client.get("/demo/prihlasit/touzim/clerk/").status_code == 405
    assert "Skutečná" not in text(client.get("/pult/sumperk/"))


def test_people_come_once_and_are_stopped(client: Client) -> None:
    clock.move_to(MORNING)
    client.post("/demo/lide/", {"urad": "touzim", "speed": "10"})
    client.post("/demo/lide/", {"urad": "praha6", "speed": "60"})
    play = DemoPlay.objects.get()
    assert (play.office.slug, play.speed, play.state) == ("touzim", 10, "asked")
    shown = text(client.get("/?urad=praha6"))
    assert "Lidé se objednávají a vydávají na cestu: Městský úřad Toužim." in shown
    assert "Ukázat tento úřad" in shown
    assert "Nechat je přicházet zvolna" not in shown
    client.post("/demo/cas/", {"urad": "touzim", "do": "60"})  # not while people come
    assert clock.now() < MORNING + timedelta(minutes=1)
    assert "Nejdřív je zastavte." in text(client.get("/?urad=touzim"))
    demo_play.claim_play()
    clock.play_period(shown_from=MORNING, lasts=timedelta(hours=9), speed=10)
    assert "Lidé přicházejí: Městský úřad Toužim." in text(client.get("/demo/stav/?urad=touzim"))
    client.post("/demo/lide/", {"stop": "1"})
    assert DemoPlay.objects.get().state == "stopping"
    demo_play.end_play(failed=False)
    assert "Už nikdo nepřichází" in text(client.get("/"))


def test_the_numbers_are_those_of_the_hall(client: Client) -> None:
    clock.move_to(MORNING)
    office = Office.objects.get(slug="touzim")
    demo_play.request_play(office=office, speed=60)
    demo_play.claim_play()
    counters.open_counter(
        counter=office.counters.get(),
        clerk=User.objects.get(username="dvorak.touzim").pk,
        now=MORNING,
    )
    client.post("/demo/zarizeni/touzim/kiosk/")
    start = client.get("/kiosk/").content.decode()
    touch = re.search(r'name="touch" value="([^"]+)"', start)
    assert touch
    client.post("/kiosk/listek/", {"touch": touch[1], "service": "jednani"})
    shown = text(client.get("/demo/stav/?urad=touzim"))
    assert "Lístků dnes 1 Čeká 1 U přepážek 0 Odbaveno 0 Otevřené přepážky 1" in shown


def test_without_a_supervisor_the_command_is_shown_instead_of_a_button(
    client: Client, settings: Any
) -> None:
    settings.DEMO_PLAYER = False
    shown = text(client.get("/?urad=touzim"))
    assert "prepazka play-day touzim --url http://localhost:8000" in shown
    assert "Nechat je přicházet zvolna" not in shown
    assert client.post("/demo/lide/", {"urad": "touzim"}).status_code == 404


def test_pages_say_that_they_are_a_demo_and_lead_to_the_tour(client: Client, settings: Any) -> None:
    clock.move_to(MORNING)
    for path, strip in (("/touzim/", True), ("/ucet/login/", True), ("/kiosk/", False)):
        shown = client.get(path).content.decode()
        assert ('class="demo-strip' in shown) == strip, path
    for path in ("/touzim/", "/demo/posta/"):  # with the office's zone and without
        assert "Ukázka · 30. 11. 2026 9:00" in text(client.get(path)), path
    settings.DEMO = False
    assert "demo-strip" not in client.get("/touzim/").content.decode()


def test_outside_a_demo_the_start_page_lists_the_offices(client: Client, settings: Any) -> None:
    settings.DEMO = False
    shown = client.get("/").content.decode()
    assert "Vyberte úřad" in shown
    assert "demo/" not in shown


def test_a_demo_without_offices_says_so(client: Client) -> None:
    Office.objects.update(demo=False)
    assert "Tato ukázka nemá žádný ukázkový úřad." in text(client.get("/"))
    assert client.post("/demo/cas/", {"do": "real"}).status_code == 302
