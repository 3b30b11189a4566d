"""Free slots on other sites: who may frame what, no cookies, and what a link to nothing says."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from prepazka.officefile.check import check
from prepazka.officefile.nodes import WrongFile
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.embed import views
from tests import officials, town
from tests.citizen import Clock, words

pytestmark = pytest.mark.django_db
FRAME = "/lhota/vlozit/"
SCRIPT = Path(views.__file__).parent / "static/embed/terms.js"


@pytest.fixture(autouse=True)
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    Clock(monkeypatch)
    monkeypatch.setattr(views, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


def policy(answer: Any) -> str:
    found = re.search(r"frame-ancestors ([^;]*)", answer["Content-Security-Policy"])
    assert found
    return found[1]


def may_embed(said: str) -> None:
    officials.office(officials.FILE.replace("  code: lhota\n", f"  code: lhota\n  embed: {said}\n"))


def test_the_frame_leads_out_of_itself_without_cookies_or_scripts(client: Client) -> None:
    answer = client.get(f"{FRAME}?urednik=dvorak&ukon=ohlaseni&pocet=2")
    body = answer.content.decode()
    assert "pondělí 23. listopadu, 9:00–9:15" in words(answer)
    hrefs = re.findall(r'<a [^>]*target="_top" href="([^"]+)"', body)
    assert hrefs == [
        "/lhota/objednat/ohlaseni/2026-11-23/?urednik=dvorak",
        "/lhota/objednat/ohlaseni/2026-11-23/?urednik=dvorak",
        "/lhota/objednat/ohlaseni/?urednik=dvorak",
    ]
    assert body.count("<a ") == len(hrefs)
    assert "<script" not in body
    assert not client.cookies
    assert all(client.get(one).status_code == 200 for one in hrefs)


@pytest.mark.parametrize(
    ("query", "said", "count"),
    [
        ("", "Městský úřad Lhota", 3),
        ("?urednik=novakova", "Ing. Jana Nováková", 2),
        ("?odbor=vystavba", "Odbor výstavby", 2),
        ("?ukon=povoleni", "Stavební povolení", 5),
        ("?ukon=povoleni&pocet=99999", "Stavební povolení", 10),
        ("?ukon=povoleni&pocet=%C2%B2", "Stavební povolení", 5),
    ],
)
def test_a_frame_of_anything(client: Client, query: str, said: str, count: int) -> None:
    answer = client.get(f"{FRAME}{query}")
    assert said in words(answer)
    assert answer.content.decode().count('class="option"') == count


def test_a_frame_in_english(client: Client) -> None:
    answer = client.get(f"/en{FRAME}?odbor=vystavba")
    assert "Next free times" in words(answer)
    assert 'href="/en/lhota/objednat/ohlaseni/' in answer.content.decode()


def test_a_frame_of_what_is_gone_leads_to_the_office(client: Client) -> None:
    officials.office(officials.FILE.replace("  dvorak:", "  jina:"))
    for code, status in (("dvorak", 410), ("nikdo", 404)):
        answer = client.get(f"{FRAME}?urednik={code}")
        assert answer.status_code == status
        assert "už objednat nelze" in words(answer)
        assert 'href="/lhota/' in answer.content.decode()
        assert policy(answer) == "*"


def test_only_the_frame_may_be_framed_and_only_where_the_office_lets(client: Client) -> None:
    assert policy(client.get(FRAME)) == "*"
    assert "X-Frame-Options" not in client.get(FRAME)
    for other in ("/lhota/", "/lhota/objednat/ohlaseni/", "/lhota/pro-weby/", "/ucet/login/"):
        answer = client.get(other)
        assert policy(answer) == "'none'", other
        assert answer["X-Frame-Options"] == "DENY"
    may_embed("[www.lhota.example, '*.lhota.example:8443']")
    assert policy(client.get(FRAME)) == "'self' www.lhota.example *.lhota.example:8443"
    assert "www.lhota.example" in words(client.get("/lhota/pro-weby/"))
    may_embed("none")
    assert policy(client.get(FRAME)) == "'none'"


@pytest.mark.parametrize(
    "said", ["'a; script-src *'", "https://a.example", "[a.example, any]x", "'*'"]
)
def test_nothing_but_names_of_sites_gets_into_the_policy(said: str) -> None:
    with pytest.raises(WrongFile):
        check(officials.FILE.replace("  code: lhota\n", f"  code: lhota\n  embed: {said}\n"))


@pytest.mark.real_time
def test_the_guide_gives_the_addresses_and_the_hash_of_the_script(client: Client) -> None:
    seen = words(client.get("/lhota/pro-weby/"))
    digest = hashlib.sha384(SCRIPT.read_bytes()).digest()
    assert f"sha384-{base64.b64encode(digest).decode()}" in seen.replace("&quot;", '"')
    for address in (
        "/lhota/urednik/dvorak/",
        "/lhota/odbor/vystavba/",
        "/lhota/objednat/rodny-list/",
    ):
        assert f"http://localhost:8000{address}" in seen
        assert client.get(address).status_code == 200


def test_the_element_is_small_and_may_be_loaded_from_anywhere(client: Client) -> None:
    assert SCRIPT.stat().st_size <= 5 * 1024
    answer = client.get("/static/embed/terms.js")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert b"".join(answer) == SCRIPT.read_bytes()
