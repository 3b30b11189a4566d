"""The manager: numbers, reasons of calls, devices, staff, the file."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from prepazka.accounts.models import User
from prepazka.booking.models import Booking, BookingState
from prepazka.core.hold_limits import CITIZEN, Asker
from prepazka.journal.models import Event
from prepazka.offices import devices as offices_devices
from prepazka.offices.models import Device, Membership, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.surfaces.console import accounts
from prepazka.surfaces.manager import device_pages, network_hold_pages, staff_pages, views
from tests import town
from tests.proofs import prove

pytestmark = pytest.mark.django_db
NINE_THIRTY = town.at("9:30")


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (views, device_pages, staff_pages, network_hold_pages):
        monkeypatch.setattr(module, "now", lambda: town.at("9:30"))
    return town.office()


@pytest.fixture
def admin(office: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(office, "spravce", "administrator"))
    return prove(client)


def text(answer: Any) -> str:
    return str(answer.content.decode().replace("\u00a0", " "))


def a_morning(office: OfficeSnapshot) -> None:
    """A walk-in waits from 8:50; a booked client comes at 9:01 and goes first."""
    tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("8:50")
    )
    booking = town.confirmed(office, "9:00")
    tickets.check_in(
        office=office,
        device=town.kiosk(office),
        pin=booking.pin,
        touch=uuid4(),
        now=town.at("9:01"),
    )
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=town.at("9:02"))
    turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:02"))
    turns.finish_service(office=office, clerk=clerk.pk, now=town.at("9:12"))
    turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:13"))


def test_the_overview_shows_todays_numbers(office: OfficeSnapshot, admin: Client) -> None:
    a_morning(office)
    page = text(admin.get("/sprava/lhota/"))
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]*)</dd>", page))
    assert facts["Vydané lístky"] == "2"
    assert facts["Odbaveno"] == "1"
    assert facts["Objednaní přišli"] == "1"
    assert facts["Průměrné čekání do vyvolání"] == "12 minut"
    assert "Přepážka 1</strong> – Novakova: V1" in page
    assert "nepřipojeno" in page
    assert "Jana" not in page


def test_every_call_says_why_and_whom_it_went_before(office: OfficeSnapshot, admin: Client) -> None:
    a_morning(office)
    page = text(admin.get("/sprava/lhota/volani/"))
    rows = re.findall(r"<tr><td.*?</tr>", page, re.DOTALL)
    assert len(rows) == 2
    walk_in, booked = rows
    assert "bez objednání, čeká od 8:50" in walk_in
    assert walk_in.rstrip().endswith(">–</td></tr>")
    assert "objednáno na 9:00–10:00, příchod v 9:01" in booked
    assert ">V1</td>" in booked, "it went before V1, who had come earlier"


def test_a_device_is_paired_by_a_code_shown_once(office: OfficeSnapshot, admin: Client) -> None:
    page = text(admin.post("/sprava/lhota/zarizeni/kiosk/kod/"))
    code = re.search(r'panel__number">(\w+)<', page)
    assert code
    assert code[1] not in text(admin.get("/sprava/lhota/zarizeni/"))
    device, _token = offices_devices.pair_device(code=code[1], now=town.at("9:30"))
    assert device.code == "kiosk"
    assert "funguje" in text(admin.get("/sprava/lhota/zarizeni/"))
    offices_devices.report_fault(device=device.pk, fault="printer_no_paper", now=town.at("9:30"))
    assert "v tiskárně došel papír" in text(admin.get("/sprava/lhota/zarizeni/"))
    admin.post("/sprava/lhota/zarizeni/kiosk/odpojit/")
    assert Device.objects.get(code="kiosk").token_hash == ""
    assert admin.post("/sprava/lhota/zarizeni/nic/kod/").status_code == 404


def test_the_head_finds_the_poster_or_why_there_is_none(
    office: OfficeSnapshot, admin: Client
) -> None:
    poster = reverse("door:poster", args=["lhota"])
    page = text(admin.get("/sprava/lhota/zarizeni/"))
    assert "Úřad lístky do telefonu nevydává" in page
    Office.objects.update(phone_tickets="door", version=7)
    page = text(admin.get("/sprava/lhota/zarizeni/"))
    assert "není připojen" in page
    assert poster not in page
    code = offices_devices.make_pairing_code(device=town.kiosk(office), now=town.at("9:30"))
    offices_devices.pair_device(code=code, now=town.at("9:30"))
    assert "není připojen" not in text(admin.get("/sprava/lhota/zarizeni/"))
    Office.objects.update(phone_tickets="anywhere", version=8)
    page = text(admin.get("/sprava/lhota/zarizeni/"))
    assert f'href="{poster}"' in page
    assert admin.get(poster).status_code == 200


NEW = {"name": "Eva Malá", "username": "mala", "role": "reception"}


@pytest.mark.real_time
def test_somebody_new_gets_a_password_that_works_once(
    office: OfficeSnapshot, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "now", lambda: town.at("9:35"))
    page = text(admin.post("/sprava/lhota/lide/", NEW))
    password = re.search(r"one-time\">([-\w]+)<", page)
    assert password
    assert len(password[1]) == 19
    assert password[1] not in text(admin.get("/sprava/lhota/lide/"))
    user = User.objects.get(username="mala")
    assert user.must_change_password
    mala = Client()
    mala.post("/ucet/login/", {"login": "mala", "password": password[1]})
    assert mala.get("/pult/lhota/recepce/").headers["Location"] == "/ucet/password/change/"
    changed = Event.objects.get(kind="StaffChanged")
    assert changed.data == {"user": user.pk, "role": "reception"}
    assert "už pod tímto přihlašovacím jménem pracuje Eva Malá" in text(
        admin.post("/sprava/lhota/lide/", NEW)
    )
    assert "<title>Chyba:" in text(
        admin.post("/sprava/lhota/lide/", {**NEW, "username": "Malá Eva"})
    )


def test_roles_change_passwords_are_given_and_access_ends(
    office: OfficeSnapshot, admin: Client
) -> None:
    user = town.clerk(office)
    member = Membership.objects.get(user=user)
    at = f"/sprava/lhota/lide/{member.pk}/"
    logged_in = Client()
    logged_in.force_login(user)
    admin.post(f"{at}role/", {"role": "head"})
    member.refresh_from_db()
    assert member.role == "head"
    assert admin.post(f"{at}role/", {"role": "king"}).status_code == 404
    assert "one-time" in text(admin.post(f"{at}heslo/"))
    assert logged_in.get("/sprava/lhota/").status_code == 302, "the new password ends old sessions"
    admin.post(f"{at}odebrat/")
    user.refresh_from_db()
    assert not user.is_active
    assert not Membership.objects.filter(user=user).exists()


def test_nobody_changes_themselves_or_people_of_other_offices(
    office: OfficeSnapshot, admin: Client
) -> None:
    own = Membership.objects.get(user__username="spravce")
    page = text(admin.post(f"/sprava/lhota/lide/{own.pk}/role/", {"role": "clerk"}, follow=True))
    assert "jiný správce" in page
    stranger = town.clerk(town.office("horka"), "horak")
    other = Membership.objects.get(user=stranger)
    for step in ("role", "heslo", "odebrat"):
        assert (
            admin.post(f"/sprava/lhota/lide/{other.pk}/{step}/", {"role": "clerk"}).status_code
            == 404
        )
    Membership.objects.create(office=office.row, user=stranger, role="clerk", name="Horák")
    here = Membership.objects.get(user=stranger, office=office.row)
    admin.post(f"/sprava/lhota/lide/{here.pk}/heslo/")
    stranger.refresh_from_db()
    assert stranger.check_password("heslo heslo heslo"), "another office's people keep theirs"
    admin.post(f"/sprava/lhota/lide/{here.pk}/odebrat/")
    stranger.refresh_from_db()
    assert stranger.is_active


def test_a_head_looks_but_changes_nothing(office: OfficeSnapshot, client: Client) -> None:
    client.force_login(town.clerk(office, "vedouci", "head"))
    for path in ("", "volani/", "zarizeni/", "lide/", "soubor/"):
        assert client.get(f"/sprava/lhota/{path}").status_code == 200
    assert client.post("/sprava/lhota/lide/", NEW).status_code == 403
    assert client.post("/sprava/lhota/zarizeni/kiosk/kod/").status_code == 403


def test_the_file_of_the_office_is_shown_and_downloaded(
    office: OfficeSnapshot, admin: Client
) -> None:
    assert "Registr vozidel" in text(admin.get("/sprava/lhota/soubor/"))
    answer = admin.get("/sprava/lhota/soubor/?stahnout")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="lhota.yaml"'
    assert "Registr vozidel" in text(answer)


def test_the_tickets_of_a_service_stop_and_go_on_with_one_press(
    admin: Client, office: OfficeSnapshot
) -> None:
    page = "/sprava/lhota/listky/prepis/"
    assert admin.get(page).status_code == 405
    assert admin.post("/sprava/lhota/listky/nic/", {"do": "stop"}).status_code == 404
    admin.post(page, {"do": "stop"})
    assert "zastavil vedoucí" in text(admin.get("/sprava/lhota/"))
    admin.post(page, {"do": "open"})
    assert "vydávají se bez ohledu na odhad" in text(admin.get("/sprava/lhota/"))


def test_a_number_tells_who_went_before_it(office: OfficeSnapshot, admin: Client) -> None:
    a_morning(office)
    page = text(admin.get("/sprava/lhota/volani/listek/?cislo=v1"))
    assert "Za dobu čekání (23 minut) byl dřív zavolán 1 člověk" in page
    assert re.search(r"9:02</td><th[^>]*>V2</th><td[^>]*>9:01</td>", page)
    assert "Proč přišel na řadu: bez objednání, čeká od 8:50" in page
    missing = admin.get("/sprava/lhota/volani/listek/?cislo=Q7")
    assert missing.status_code == 404
    assert "Žádný dnešní lístek toto číslo nemá." in text(missing)


def test_the_head_sees_a_crowd_and_releases_a_network_in_one_press(
    client: Client, office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prepazka.core.hold_limits.CEILING", 0)
    monkeypatch.setattr("prepazka.core.hold_limits.CEILING_PER_LANE", 2)  # of two lanes
    client.force_login(town.clerk(office, "vedouci", "head"))
    address = reverse("manager:kept_times", args=["lhota"])
    assert "Žádné připojení teď nedrží" in text(client.get(address))
    for number, clock in enumerate(("11:00", "13:00", "14:00", "15:00")):
        name = "person" if number == 3 else "robot"
        town.hold(office, clock, NINE_THIRTY, asker=Asker((name,) * 3, CITIZEN))
    seen = text(client.get(address))
    assert "Bez potvrzení se drží 4 termíny, víc než obvykle." in seen
    assert "ROBOT" in seen
    assert "PERSON" not in seen  # one time is nothing to look at
    assert "Někdo Vám možná" in text(client.get(reverse("manager:overview", args=["lhota"])))
    pressed = client.post(address, {"network": "robot"}, follow=True)
    assert "Uvolnily se 3 termíny." in text(pressed)
    assert Booking.objects.get(state=BookingState.HELD).starts_at == town.at("15:00")
    deeds = text(client.get(reverse("manager:deeds", args=["lhota"]) + f"?den={town.MONDAY}"))
    assert "uvolnil(a) všechny termíny držené z jednoho připojení" in deeds


def test_a_clerk_releases_nothing(client: Client, office: OfficeSnapshot) -> None:
    client.force_login(town.clerk(office))
    address = reverse("manager:kept_times", args=["lhota"])
    assert client.get(address).status_code == 403
    assert client.post(address, {"network": "x"}).status_code == 403
