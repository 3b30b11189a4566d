"""The head's outage page, the citizen's offer and the operators' call list, as people see them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import booking_lifecycle, booking_links
from prepazka.booking.models import Booking, CallListEntry, Disruption, Offer
from prepazka.core import gsm7
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_delivery import compose_messages
from prepazka.messaging.sms import compose_sms
from prepazka.offices.models import HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.surfaces.citizen import booking_pages, substitute_pages
from prepazka.surfaces.console import call_list_pages, disruption_pages
from tests import officials, refusals, town
from tests.halls import text_of

pytestmark = pytest.mark.django_db
PLAN, CALLS = "/pult/lhota/vypadek/", "/pult/lhota/volani/"
OUTAGE = {
    "what": "official:novakova",
    "kind": "closed",
    "from_date": "2026-11-23",
    "to_date": "",
    "opens": "",
    "closes": "",
    "places": "",
    "reason": "chřipka",
}


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (call_list_pages, disruption_pages, substitute_pages, booking_pages):
        monkeypatch.setattr(module, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


@pytest.fixture
def head(lhota: OfficeSnapshot) -> Client:
    found = Client()
    found.force_login(town.clerk(lhota, "vedouci", "head"))
    return found


def booked(clock: str, phone: str = "") -> Booking:
    held = officials.hold(snapshot_by_slug("lhota"), clock, "novakova")
    email = "" if phone else f"karel{clock[0]}{clock[2:]}@example.cz"
    return booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(name="Karel Vomáčka", email=email, phone=phone),
        now=town.FRIDAY_BEFORE,
    )


def said(answer: Any) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))


def fall_ill(head: Client, apply: str = "all", **more: str) -> Any:
    seen = head.post(PLAN, OUTAGE)
    return head.post(PLAN, {**said(seen), "apply": apply, **more}, follow=True)


def offer_page(booking: Booking) -> str:
    return f"/nahradni/{booking_links.sign_token(Offer.objects.get(booking=booking).pk, 'offer')}/"


def test_the_head_sees_the_impact_decides_and_takes_it_back(head: Client) -> None:
    stays, waits = booked("9:15"), booked("8:00")
    seen = head.post(PLAN, OUTAGE)
    words = text_of(seen)
    assert "V té době jsou objednaní 2 lidé" in words
    assert "zůstane, přijme: Petr Dvořák" in words
    assert "Zatím se nic nezměnilo" in words
    assert not Disruption.objects.exists()
    done = fall_ill(head)
    assert "čeká se na odpověď" in text_of(done)
    assert "Vzít zpět to lze do 10:00." in text_of(done)
    assert "Zbývá: 60 min" in text_of(done)
    assert "chřipka" not in text_of(done)
    back = head.post(f"{PLAN}{Disruption.objects.get().pk}/zpet/", follow=True)
    assert "Vzato zpět; původní termín mají znovu 2 lidé." in text_of(back)
    for one in (stays, waits):
        assert Booking.objects.get(pk=one.pk).lane_id == one.lane_id


def test_a_list_that_has_changed_is_shown_anew(head: Client) -> None:
    booked("8:00")
    seen = head.post(PLAN, OUTAGE)
    booked("8:30")
    again = head.post(PLAN, {**said(seen), "apply": "all"})
    assert again.status_code == 409
    assert refusals.says(text_of(again), "impact_changed")
    assert "V té době jsou objednaní 2 lidé" in text_of(again)
    assert not Disruption.objects.exists()


def test_a_closed_counter_leaves_fewer_places(head: Client, lhota: OfficeSnapshot) -> None:
    seen = head.post(PLAN, {**OUTAGE, "what": "counter:p1"})
    assert "V tu dobu není nikdo objednaný" in text_of(seen)
    head.post(PLAN, {**said(seen), "apply": "all"})
    rows = HoursException.objects.filter(from_date="2026-11-23")
    assert {(r.counter and r.counter.code, r.agenda and r.agenda.code, r.places) for r in rows} == {
        ("p1", None, None),
        (None, "stavby", 0),
        (None, "matrika", 0),
    }


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "reduced"}, "Uveďte, kolik míst zbývá."),
        ({"kind": "reduced", "places": "1"}, "Méně míst může být v agendě"),
        ({"kind": "instead", "what": "office"}, "Jiné hodiny potřebují oba časy."),
        ({"from_date": "", "what": "office"}, "Uveďte první den."),
    ],
)
def test_what_makes_no_sense_is_said(head: Client, wrong: dict[str, str], words: str) -> None:
    assert words in text_of(head.post(PLAN, {**OUTAGE, **wrong}))


def test_an_official_may_close_the_own_diary_only(lhota: OfficeSnapshot) -> None:
    clerk = Client()
    clerk.force_login(town.clerk(lhota))
    assert clerk.get(PLAN).status_code == 403
    clerk.post(PLAN, OUTAGE)
    assert not Disruption.objects.exists()


def test_the_citizen_looks_takes_a_slot_and_clicks_again(head: Client, client: Client) -> None:
    waits = booked("8:00")
    fall_ill(head)
    page = offer_page(waits)
    short = client.get(f"/s/{Offer.objects.get().short_code}/?termin=2")
    assert short.status_code == 302
    assert short["Location"] == f"{page}?termin=2"
    seen = client.get(short["Location"])
    assert "Přijmout tento termín?" in text_of(seen)
    assert "Zavolejte mi" not in text_of(seen)  # without a number
    assert Offer.objects.get().state == "open"
    done = client.post(page, {"choice": "2"}, follow=True)
    assert "PIN" in text_of(done)
    assert Booking.objects.get(pk=waits.pk).state == "confirmed"
    assert client.post(page, {"choice": "1"}).status_code == 302
    assert client.get("/nahradni/cosi/").status_code == 404


def test_the_citizen_chooses_any_other_slot_or_none(head: Client, client: Client) -> None:
    waits, gone = booked("8:00"), booked("8:30")
    fall_ill(head)
    page = offer_page(waits)
    day = re.search(rf'href="({page}jiny/[^"]+)"', client.get(f"{page}jiny/").content.decode())
    assert day
    times = client.get(day[1])
    value = re.search(r'name="starts_at" value="([^"]+)"', times.content.decode())
    assert value
    client.post(page, {"starts_at": value[1]})
    assert Booking.objects.get(pk=waits.pk).starts_at.isoformat() == value[1]
    wrong = client.post(offer_page(gone), {"choice": "9"})
    assert wrong.status_code == 409
    assert refusals.says(text_of(wrong), "offer_term_gone")
    client.post(offer_page(gone), {"cancel": "1"})
    assert Booking.objects.get(pk=gone.pk).state == "cancelled_by_citizen"


def test_an_operator_calls_and_settles_it(head: Client, lhota: OfficeSnapshot) -> None:
    waits = booked("8:00", phone="+420777123456")
    fall_ill(head)
    operator = Client()
    operator.force_login(town.clerk(lhota, "operator", "operator"))
    assert "Karel Vomáčka" in text_of(operator.get(CALLS))
    call = operator.post(f"{CALLS}dalsi/", follow=True)
    words = text_of(call)
    assert "777 123 456" in words
    assert "Dobrý den, volám z úřadu: Městský úřad Lhota" in words
    assert 'data-key="1"' in call.content.decode()
    address = call.redirect_chain[-1][0]
    assert head.post(f"{CALLS}dalsi/").status_code == 403
    operator.post(address, {"more": "1"})
    done = operator.post(address, {"choice": "1"}, follow=True)
    assert "Klient má nový termín." in text_of(done)
    assert "Dnes hotovo: 1 z 1" in text_of(done)
    assert Booking.objects.get(pk=waits.pk).state == "confirmed"
    assert CallListEntry.objects.get().outcome == "accepted"


def test_one_key_cancels_no_booking(head: Client, lhota: OfficeSnapshot) -> None:
    booked("8:00", phone="+420777123456")
    fall_ill(head)
    operator = Client()
    operator.force_login(town.clerk(lhota, "operator", "operator"))
    call = operator.post(f"{CALLS}dalsi/", follow=True).content.decode()
    assert re.findall(r'<(\w+)[^>]* data-key="z"', call) == ["summary"]
    assert re.findall(r'<(\w+)[^>]* data-key="u"', call) == ["button"]
    CallListEntry.objects.update(attempts=2)
    last = operator.get(f"{CALLS}{CallListEntry.objects.get().pk}/").content.decode()
    assert re.findall(r'<(\w+)[^>]* data-key="u"', last) == ["summary"], "the last attempt asks"


def test_without_a_number_it_is_said_what_can_be_done(head: Client, lhota: OfficeSnapshot) -> None:
    waits = booked("8:00", phone="+420777123456")
    fall_ill(head)
    Booking.objects.filter(pk=waits.pk).update(phone="", email="karel@example.cz")
    operator = Client()
    operator.force_login(town.clerk(lhota, "operator", "operator"))
    call = operator.post(f"{CALLS}dalsi/", follow=True)
    words = text_of(call)
    assert "Co jde udělat" in words
    assert "karel@example.cz" in words
    assert "Dobrý den, volám z úřadu" not in words
    assert "Nedovolal" not in words
    done = operator.post(call.redirect_chain[-1][0], {"wait": "1"}, follow=True)
    assert "v čase, na který byl objednaný" in text_of(done)
    entry = CallListEntry.objects.get()
    assert (entry.not_before, entry.attempts, entry.taken_by) == (waits.starts_at, 0, None)
    assert Event.objects.filter(kind="CallPutOff", actor__isnull=False).count() == 1
    assert Booking.objects.get(pk=waits.pk).state == "displaced"


@pytest.mark.parametrize(
    ("state", "phone", "words"),
    [
        ("cancelled_by_office", "+420382766111", "jsme museli zrušit. Porucha topení."),
        ("cancelled_by_office", "", "může přijít zbytečně"),
        ("confirmed", "+420382766111", "Vaši objednávku jsme museli změnit. Platí teď:"),
    ],
)
def test_what_is_said_is_true_of_the_booking(
    lhota: OfficeSnapshot, state: str, phone: str, words: str
) -> None:
    booking = booked("8:00", phone=phone)
    ended = town.FRIDAY_BEFORE if state != "confirmed" else None
    Booking.objects.filter(pk=booking.pk).update(
        state=state, email="", ended_at=ended, cancel_reason="Porucha topení."
    )
    CallListEntry.objects.create(
        office=lhota.row, booking=booking, reason="no_contact", created_at=town.FRIDAY_BEFORE
    )
    operator = Client()
    operator.force_login(town.clerk(lhota, "operator", "operator"))
    page = text_of(operator.post(f"{CALLS}dalsi/", follow=True))
    assert words in page
    assert "objednání platí" not in page


PUBLIC, PRIVATE = "Havárie vody v budově", "chřipka"


def close_all(head: Client, what: str) -> None:
    seen = head.post(PLAN, {**OUTAGE, "what": what, "public_reason": PUBLIC})
    assert head.post(PLAN, {**said(seen), "apply": "all"}).status_code == 302


@pytest.mark.parametrize("what", ["official:novakova", "office"])
def test_the_public_reason_reaches_people_and_the_private_one_nobody(
    head: Client, client: Client, lhota: OfficeSnapshot, settings: Any, what: str
) -> None:
    settings.SMS_GATEWAY = "file"
    Office.objects.update(messages_data={"sms": True}, version=2)
    by_mail, by_sms = booked("8:00"), booked("8:30", phone="+420777123456")
    close_all(head, what)
    texts = []
    for event in Event.objects.filter(kind__in=["OfferMade", "BookingCancelled"]):
        for message in compose_messages(event=event.pk, now=town.FRIDAY_BEFORE):
            if message.channel == "sms":
                texts.append(compose_sms(message, now=town.FRIDAY_BEFORE).text)
            else:
                mail = compose_mail(message, now=town.FRIDAY_BEFORE)
                texts += [mail.text.replace("\u00a0", " "), mail.html.replace("\u00a0", " ")]
    for booking in (by_mail, by_sms):
        texts.append(
            text_of(
                client.get(
                    f"/objednavka/{booking_links.sign_token(booking.pk, 'personal')}/", follow=True
                )
            )
        )
    assert len(texts) == 5
    assert [PUBLIC in text or gsm7.without_diacritics(PUBLIC) in text for text in texts] == [
        True
    ] * 5
    assert not any(PRIVATE in text for text in texts)
    assert PRIVATE not in str(snapshot_by_slug("lhota").closure(date(2026, 11, 23)) or "")
    disruption = Disruption.objects.get()
    assert disruption.note == ("" if ":" in what else PRIVATE), "else the row in the diary has it"
    assert (PRIVATE in text_of(head.get(f"{PLAN}{disruption.pk}/"))) is (what == "office")
