"""Whoever sets a quota sees what it does to people without a booking."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prepazka.booking.models import Booking, Lane
from prepazka.booking.refusals import NoSuchQuota, QuotaNeedsReason, ReasonWithContact
from prepazka.config.cli import main
from prepazka.core.figures import wait_stretch
from prepazka.journal.models import Event
from prepazka.officefile import quota_change
from prepazka.officefile.check import check
from prepazka.officefile.office_export import export
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.surfaces.manager import quota_pages
from tests import refusals, town

pytestmark = pytest.mark.django_db
PAGE = "/sprava/lhota/objednavky-na-okno/"
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(quota_pages, "now", lambda: NOW)
    monkeypatch.setattr(quota_pages, "SIMULATED_SECONDS", 0.1)
    found = town.office()
    row = found.agendas[min(found.agendas)]
    assert row.code == "vozidla"
    # Documents take walk-ins only, so that the formula has one agenda to speak of.
    found.row.agendas.filter(code="doklady").update(rules_data={})
    for one in found.row.services.filter(code="pas"):
        one.bookable = False
        one.save()
    Office.objects.update(version=2)
    return snapshot_by_slug("lhota")


@pytest.fixture
def head(office: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(office, "vedouci", "head"))
    return client


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode().replace("\u00a0", " "))


def set_to(office: OfficeSnapshot, quota: int, reason: str = "") -> Any:
    return quota_change.set_quota(
        office=office.row, agenda="vozidla", quota=quota, reason=reason, now=NOW, actor=7
    )


def test_the_stretch_is_that_of_the_formula(office: OfficeSnapshot) -> None:
    found = quota_change.present_quotas(office, now=NOW)["vozidla"]
    mean = found.burden.mean + 0.5
    assert (found.quota, found.window_min, found.burden.counters) == (1, 60, 2)
    assert found.stretch == pytest.approx(wait_stretch(1, 1, mean, 2, window_min=60))
    assert found.with_quota(3).stretch == pytest.approx(wait_stretch(3, 1, mean, 2, window_min=60))
    assert "doklady" not in quota_change.present_quotas(office, now=NOW)


def test_the_page_shows_formula_and_simulation_of_another_quota(
    office: OfficeSnapshot, head: Client
) -> None:
    page = text(head.get(PAGE))
    assert "1 na 60 minut" in page
    page = text(head.get(PAGE, {"agenda": "vozidla", "quota": "2"}))
    assert "2 místo 1" in page
    assert page.count('<td data-label="Změna">od ') == 3
    assert "doporučujeme nejvýš 1,25" in page
    assert 'id="reason"' in page
    assert Event.objects.filter(kind="QuotaSet").count() == 0


@pytest.mark.parametrize("quota", ["0", "63", "-1", "x", "", "2,5", "99999"])
def test_what_is_no_quota_is_said(quota: str, head: Client) -> None:
    answer = head.get(PAGE, {"agenda": "vozidla", "quota": quota})
    assert answer.status_code == 409
    assert refusals.says(text(answer), "no_such_quota")
    assert head.get(PAGE, {"agenda": "nic", "quota": "1"}).status_code == 404


def test_too_much_is_refused_without_a_reason_and_kept_with_one(
    office: OfficeSnapshot, head: Client
) -> None:
    form = {"agenda": "vozidla", "quota": "5", "reason": " "}
    answer = head.post(PAGE, form)
    assert answer.status_code == 409
    assert "jeden a půl" in text(answer)
    assert head.post(PAGE, form | {"reason": "zavolejte 777 123 456"}).status_code == 409
    assert snapshot_by_slug("lhota").agendas[min(office.agendas)].rules.quota == 1
    answer = head.post(PAGE, form | {"reason": "Výměna průkazů"})
    assert answer.status_code == 302
    event = Event.objects.get(kind="QuotaSet")
    assert event.data["reason"] == "Výměna průkazů"
    assert (event.data["before"], event.data["after"]) == (1, 5)
    assert Lane.objects.filter(agenda__code="vozidla").count() == 5
    file = export(snapshot_by_slug("lhota").row)
    assert "quota reason: Výměna průkazů" in file
    check(file)
    with pytest.raises(Exception, match="quota reason"):
        check(file.replace("      quota reason: Výměna průkazů\n", ""))


def test_a_lower_quota_keeps_who_has_booked(office: OfficeSnapshot) -> None:
    set_to(office, 2)
    fresh = snapshot_by_slug("lhota")
    for email in ("jana@example.cz", "petr@example.cz"):
        town.confirmed(fresh, "9:00", email=email)
    found = quota_change.present_quotas(fresh, now=NOW)["vozidla"]
    seen = quota_change.effect_of_quota(fresh, found, 1, now=NOW, enough=lambda: True)
    assert (seen.days, seen.beyond) == (2, 1)
    set_to(fresh, 1)
    assert Booking.objects.filter(state="confirmed").count() == 2
    assert Lane.objects.filter(agenda__code="vozidla").count() == 2


def test_the_use_case_refuses(office: OfficeSnapshot) -> None:
    for quota, reason, refusal in (
        (0, "", NoSuchQuota),
        (63, "", NoSuchQuota),
        (5, "", QuotaNeedsReason),
        (2, "pan@lhota.cz", ReasonWithContact),
        (2, "rodné číslo 800101/1234", ReasonWithContact),
    ):
        with pytest.raises(refusal):
            set_to(office, quota, reason)
    assert not Event.objects.filter(kind="QuotaSet").exists()


def test_an_office_where_nobody_comes_without_a_booking_has_no_quota_to_bear(
    office: OfficeSnapshot,
) -> None:
    office.row.services.update(walk_in=False)
    Office.objects.update(version=3)
    fresh = snapshot_by_slug("lhota")
    assert quota_change.present_quotas(fresh, now=NOW) == {}
    assert set_to(fresh, 60) is None


def test_the_commands_warn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["office", "check", "praha-6"]) == 0
    said = capsys.readouterr().err
    assert "warning: agendas.obcanske-prukazy.booking.quota: 2 per 30 min makes" in said
    assert "stavebni-urad" not in said  # takes nobody without a booking
