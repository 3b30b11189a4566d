"""Papers of a meeting over HTTP: safe headers, only for this meeting's people, also without scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from prepazka.jobs import document_jobs
from prepazka.meetings import room
from prepazka.meetings.models import Document, Meeting, Minutes, Participant
from prepazka.surfaces.room import document_views, minutes_views
from prepazka.surfaces.room import views as room_views
from tests import papers, town
from tests.meetings_town import Held, held

pytestmark = pytest.mark.django_db
NOW = town.at("8:58")
JSON = {"Accept": "application/json"}


@pytest.fixture
def here(files: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    for module in (document_views, minutes_views, room_views):
        monkeypatch.setattr(module, "now", lambda: NOW)
    return held()


def bring(here: Held, content: bytes, name: str, **more: Any) -> Any:
    client = here.client(here.citizen)
    file = SimpleUploadedFile(name, content, "text/html")  # what the browser says does not count
    return client.post(here.path(here.citizen) + "soubory/", {"file": file}, **more)


def brought(here: Held, content: bytes, name: str = "žádost.pdf") -> Document:
    assert bring(here, content, name, headers=JSON).status_code == 201
    found = Document.objects.latest("created_at")
    document_jobs.inspect_document(document=found.pk, now=NOW)
    return found


def test_without_scripts(here: Held) -> None:
    answer = bring(here, papers.pdf(), "žádost.pdf")
    page = here.path(here.citizen)
    assert (answer.status_code, answer["Location"]) == (302, page + "#papers")
    client = here.client(here.citizen)
    shown = client.get(page).content.decode()
    assert "žádost.pdf" in shown
    assert "Soubor kontrolujeme" in shown
    found = Document.objects.get()
    assert client.post(f"{page}soubory/{found.pk}/odebrat/").status_code == 302
    assert not Document.objects.exists()
    refused = bring(here, papers.PROGRAM, "faktura.pdf")
    assert refused.status_code == 415
    assert "Přijímáme PDF" in refused.content.decode()
    assert "<h1" in refused.content.decode()


def test_a_script_is_told_in_its_own_way(here: Held, settings: Any) -> None:
    settings.FILE_LARGEST = 500
    refused = bring(here, papers.pdf(), "velký.pdf", headers=JSON)
    assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
    empty = here.client(here.citizen).post(here.path(here.citizen) + "soubory/", headers=JSON)
    assert (empty.status_code, empty.json()["code"]) == (422, "file_empty")


@pytest.mark.parametrize(
    ("content", "name", "media"),
    [
        (papers.pdf(script="app.alert(1)"), "žádost.pdf", "application/pdf"),
        (papers.odt(), "dopis.odt", "application/vnd.oasis.opendocument.text"),
        (papers.picture(), "foto.jpg", "image/jpeg"),
    ],
)
def test_a_file_is_only_ever_saved(here: Held, content: bytes, name: str, media: str) -> None:
    found = brought(here, content, name)
    own = f"{here.path(here.citizen)}soubory/{found.pk}/"
    answer = here.client(here.citizen).get(own)
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["Content-Type"] == media
    pages = [f"{own}strana/1/"] if found.kind in {"pdf", "image"} else []
    for one in (answer, *(here.client(here.citizen).get(page) for page in pages)):
        assert one["X-Content-Type-Options"] == "nosniff"
        assert one["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert "no-store" in one["Cache-Control"]
        assert one["Referrer-Policy"] == "no-referrer"
    for page in pages:
        assert here.client(here.citizen).get(page)["Content-Type"] == "image/webp"
        assert "text" in here.client(here.citizen).get(page + "text/").json()
        assert here.client(here.citizen).get(page.replace("/1/", "/2/")).status_code == 404


def test_others_find_nothing(here: Held) -> None:
    """Neither guests before they are admitted, nor people of another meeting, nor old links."""
    found = brought(here, papers.pdf())
    other = held(here.office, starts_at=town.at("10:00"))
    paths = ["soubory/{}/", "soubory/{}/strana/1/", "soubory/{}/strana/1/text/"]
    for who, whose in ((here.guest, here), (other.citizen, other), (other.chair, other)):
        client = whose.client(who)
        base = whose.path(who)
        assert client.get(base + "soubory/").json() == {
            "documents": [],
            "seen": client.get(base + "soubory/").json()["seen"],
        }
        for path in paths:
            assert client.get(base + path.format(found.pk)).status_code == 404
        removed = client.post(f"{base}soubory/{found.pk}/odebrat/", headers=JSON)
        assert removed.json()["code"] in {"not_yours", "no_document"}
    assert here.client(here.guest).get(here.path(here.guest) + "zapis/").status_code == 404
    chair = Client().get(here.path(here.chair) + f"soubory/{found.pk}/")
    assert chair.status_code == 302, "the official's link alone opens nothing"
    old = here.path(here.citizen)
    Participant.objects.filter(pk=here.citizen.pk).update(link=2)
    for path in (*paths, "soubory/", "zapis/", "zapis.pdf"):
        answer = Client().get(old + path.format(found.pk), headers=JSON)
        assert answer.json()["code"] == "link_revoked"


def test_minutes_from_the_draft_to_the_pdf(here: Held) -> None:
    for who in (here.chair, here.citizen):
        here.enter(who, NOW)
    room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    chair, citizen = here.client(here.chair), here.client(here.citizen)
    office, people = here.path(here.chair), here.path(here.citizen)
    assert citizen.get(people + "zapis/").json()["version"] == 0
    refused = citizen.post(people + "zapis/zacit/", headers=JSON)
    assert refused.json()["code"] == "only_the_chair"
    draft = chair.post(office + "zapis/zacit/").json()
    content = draft["content"] | {"course": "Probráno."}
    saved = chair.post(
        office + "zapis/ulozit/", {"version": 1, "content": json.dumps(content)}
    ).json()
    assert saved["version"] == 2
    citizen.post(people + "zapis/poznamka/", {"text": "Souhlasím."})
    seen = citizen.get(people + "zapis/").json()
    assert seen["content"]["course"] == "Probráno."
    assert (seen["writes"], seen["comments"][0]["text"]) == (False, "Souhlasím.")
    for wrong in ({}, {"version": "x"}, {"version": 1, "content": "["}):
        answer = chair.post(office + "zapis/ulozit/", wrong, headers=JSON)
        assert answer.status_code == 422
    assert chair.post(office + "zapis/nic/", headers=JSON).status_code == 404
    for _ in range(2):
        closed = chair.post(office + "zapis/uzavrit/", {"version": 2}, headers=JSON)
        assert closed.json()["closed"]
    assert citizen.get(people + "zapis.pdf").status_code == 404, "not printed yet"
    document_jobs.print_minutes(minutes_id=Minutes.objects.get().pk, now=NOW)
    room.end_meeting(chair=here.chair.pk, now=NOW)
    page = citizen.get(people)
    assert page.status_code == 410
    assert "zapis.pdf" in page.content.decode()
    pdf = citizen.get(people + "zapis.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"].startswith("attachment")
    Meeting.objects.update(erased_at=NOW)
    assert citizen.get(people + "zapis.pdf", headers=JSON).status_code == 410
