"""The shipped nginx.conf in a real nginx, in front of two processes of the program."""

from __future__ import annotations

import re
import socket
import ssl
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import snapshot_of
from tests import needs, programs, town
from tests.ports import free_port
from tests.shipped_proxy import HOST, Nginx, nginx_conf

pytestmark = needs.mark("nginx")
PASSWORD = "heslo heslo heslo"  # as tests.town gives it
# Of each kind of address that is a secret, one with the word that no log may keep.
SECRETS = [
    "/termin/tajne.x/",
    "/potvrzeni/tajne.x/",
    "/objednavka/tajne.x/termin.ics",
    "/en/objednavka/tajne.x/",
    "/poradnik/tajne.x/",
    "/misto/tajne.x/",
    "/nahradni/tajne.x/jiny/",
    "/lhota/schuzka/tajne.x/",
    "/en/lhota/schuzka/tajne.x/vstup/",
    "/t/tajne/",
    "/s/tajne/",
    "/listek/lhota/tajne/",
    "/kalendar/tajne.ics",
    "/kiosk/listek/tajne/",
    "/zpravy/sms/gosms/tajne/",
    "/api/v1/bookings/tajne",
    "/api/v1/holds/tajne/contact",
    "/lhota/objednat/prepis/?misto=tajne",
    "/pult/lhota/recepce/?hledat=tajne",
    "/tajne",
]


@dataclass
class Site:
    """Where the proxy and the program listen, and what they write."""

    http: int
    https: int
    web: int
    folder: Path

    def log(self) -> str:
        return "".join(p.read_text("utf-8", "replace") for p in self.folder.glob("*.log"))

    def tls(self, name: str = HOST) -> ssl.SSLSocket:
        """A connection to the proxy that asks for that name."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", self.https), timeout=30)
        return context.wrap_socket(raw, server_hostname=name)

    def ask(self, path: str, name: str = HOST, more: str = "") -> str:
        """One request over a connection of its own; all that is answered."""
        with self.tls() as line:
            line.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n{more}\r\n".encode()
            )
            return _all(line)


def _all(line: socket.socket) -> str:
    got = b""
    try:
        while part := line.recv(65536):
            got += part
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return got.decode("utf-8", "replace")


def adapted(site: Site, **changes: str) -> Path:
    """The shipped file on this test's ports, its words otherwise untouched but for `changes`."""
    ports = {
        "listen 80": f"listen 127.0.0.1:{site.http}",
        "listen 443": f"listen 127.0.0.1:{site.https}",
    }
    return nginx_conf(site.folder, site.web, **ports, **changes)


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[Site]:
    """Two processes of the program behind the proxy."""
    town.office()
    site = Site(free_port(), free_port(), free_port(), tmp_path)
    told = programs.told() | {
        "PREPAZKA_URL": f"https://{HOST}",
        "PREPAZKA_HOSTS": HOST,
        "PREPAZKA_TRUSTED_PROXIES": "1",
    }
    web = ["web", "--host", "127.0.0.1", "--port", str(site.web), "--workers", "2"]
    log = tmp_path / "web.log"
    with programs.program(web, told, log), Nginx(adapted(site, **SHORT)):
        deadline = time.monotonic() + 90
        while "200 OK" not in (said := site.ask("/lhota/")):
            assert time.monotonic() < deadline, (said[:300], log.read_text()[-2000:])
            time.sleep(0.3)
        yield site
    assert "Traceback" not in log.read_text()


SHORT = {
    "client_header_timeout 10s": "client_header_timeout 2s",
    "client_body_timeout 10s": "client_body_timeout 2s",
}


def headers_of(answer: str) -> dict[str, str]:
    lines = answer.partition("\r\n\r\n")[0].split("\r\n")[1:]
    return {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}


GUARDS = (
    "content-security-policy",
    "x-frame-options",
    "permissions-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "strict-transport-security",
)


def test_the_shipped_proxy(site: Site) -> None:
    page = headers_of(site.ask("/lhota/"))
    expected = {name: page[name] for name in GUARDS}
    assert expected["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    paths = ["/api/v1/offices/lhota/monitor", "/api/v1/health", "/zive/nikde/", "/zive/schuzka/tep"]
    for path in [*paths, "/api/v1/offices", "/api/v1/nothing", "/static/looks/prepazka.css"]:
        got = headers_of(site.ask(path))
        assert {name: got.get(name) for name in GUARDS} == expected, path
    with site.tls() as line:
        line.sendall(f"GET /zive/lhota/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        began = line.recv(4096).decode()
        while "event: changed" not in began:
            began += line.recv(4096).decode()
        got = headers_of(began)
        assert {name: got.get(name) for name in GUARDS} == expected

    for path in SECRETS:
        site.ask(path, more="Referer: https://x.example/tajne\r\nUser-Agent: tajne\r\n")
    site.ask("/sprava/lhota/")
    _other_names_get_nothing(site)
    _weak_ciphers_are_refused(site)
    _ambiguous_lengths_are_refused(site)
    _who_does_not_go_on_is_cut_off(site)
    log = site.log()
    assert "tajne" not in log
    assert " /termin/*** 404" in log
    assert " /lhota/objednat/prepis/ " in log, "the control: it is the log of these requests"
    assert " /sprava/lhota/ 302" in log
    assert "127.0.0.1 [" in log


def test_wrong_log_ins_of_one_address_keep_no_other_out(site: Site) -> None:
    """Each address is told apart by both processes, though all requests come from the proxy."""
    town.clerk(snapshot_of(Office.objects.get(slug="lhota")))
    with browser(site, "127.0.0.2") as stranger, browser(site, "127.0.0.3") as clerk:
        for _ in range(5):
            assert "znovu za" not in log_in(stranger, "heslo")
        assert "znovu za" in log_in(stranger, PASSWORD), "the control: it has to wait"
        assert log_in(clerk, PASSWORD) == ""


def browser(site: Site, address: str) -> httpx.Client:
    """A browser at that address of this machine."""
    return httpx.Client(
        base_url=f"https://127.0.0.1:{site.https}",
        transport=httpx.HTTPTransport(local_address=address, verify=False),
        headers={"Host": HOST, "Accept-Language": "cs", "Referer": f"https://{HOST}/ucet/login/"},
        timeout=30,
    )


def log_in(browser: httpx.Client, password: str) -> str:
    """The page that the log-in answers; empty where it leads on."""
    sni = {"sni_hostname": HOST}
    page = browser.get("/ucet/login/", extensions=sni).text
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[:1]
    said = {"login": "novakova", "password": password, "csrfmiddlewaretoken": token}
    answer = browser.post("/ucet/login/", data=said, extensions=sni)
    return "" if answer.is_redirect else answer.text


def _other_names_get_nothing(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.http), timeout=20) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert _all(line) == ""
    assert "301 Moved" in _plainly(site, "/x")
    for path in ("/api/v1/offices", "/zpravy/sms/gosms/tajne/"):
        assert "403 Forbidden" in _plainly(site, path), "a program learns that it must say https"
    with pytest.raises(ssl.SSLError):
        site.tls("evil.example")
    # The right name for the handshake, another in the request.
    assert site.ask("/", name="evil.example") == ""


def _ambiguous_lengths_are_refused(site: Site) -> None:
    """Who could end a request where the proxy and the program disagree would smuggle a second in."""
    second = f"GET /lhota/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    bodies = {
        "both": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
        "odd coding": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "odd length": "Content-Length: +5\r\n\r\n",
        "odd chunk": "Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
    }
    for name, body in bodies.items():
        sent = f"POST /lhota/ HTTP/1.1\r\nHost: {HOST}\r\n{body}{second}".encode()
        with site.tls() as line:
            line.sendall(sent)
            by_proxy = _all(line)
        with socket.create_connection(("127.0.0.1", site.web), timeout=30) as line:
            line.sendall(sent)
            by_program = _all(line)
        for answer in (by_proxy, by_program):
            assert re.match(r"HTTP/1.1 (400|403|501) ", answer), (name, answer[:200])
            assert answer.count("HTTP/1.1 ") == 1, (name, "the rest is no request")


def _plainly(site: Site, path: str) -> str:
    with socket.create_connection(("127.0.0.1", site.http), timeout=20) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        return _all(line)


def _weak_ciphers_are_refused(site: Site) -> None:
    def offer(ciphers: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> str:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        with (
            socket.create_connection(("127.0.0.1", site.https), timeout=20) as raw,
            context.wrap_socket(raw, server_hostname=HOST) as line,
        ):
            return (line.cipher() or ("",))[0]

    assert offer("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384") == (
        "ECDHE-ECDSA-AES256-GCM-SHA384"
    ), "the strongest of what both know"
    with pytest.raises(ssl.SSLError, match=r"(?i)alert handshake failure"):
        offer("ECDHE-ECDSA-AES128-SHA")  # neither authenticated nor of today
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(ssl.SSLError, match=r"(?i)alert (protocol version|handshake failure)"):
            offer("ALL", ssl.TLSVersion.TLSv1_1)


def _who_does_not_go_on_is_cut_off(site: Site) -> None:
    head = f"POST /lhota/ HTTP/1.1\r\nHost: {HOST}\r\n"
    halves = {
        "head": head,
        "body": f"{head}Content-Length: 1000\r\n\r\nabc",
        "chunks": f"{head}Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    }
    for name, sent in halves.items():
        with site.tls() as line:
            line.sendall(sent.encode())
            began = time.monotonic()
            _all(line)
            assert time.monotonic() - began < 15, name
    # The program itself, where another proxy has no such limit.
    with socket.create_connection(("127.0.0.1", site.web), timeout=40) as line:
        line.sendall(head.encode())
        began = time.monotonic()
        _all(line)
        assert 5 < time.monotonic() - began < 30


def test_limits_of_the_proxy(tmp_path: Path) -> None:
    """More requests of one address than the zone takes are answered by 429."""
    site = Site(free_port(), free_port(), free_port(), tmp_path)
    slow = {"rate=100r/s": "rate=1r/m", "burst=400": "burst=20"}
    with Nginx(adapted(site, **slow)):
        _until_open(site.https)
        statuses = [site.ask("/")[9:12] for _ in range(30)]
        assert set(statuses) == {"503", "429"}, (
            "the program is away: the page says so, within the limit"
        )
        assert statuses[:20].count("503") == 20
    with Nginx(adapted(site, **{"limit_req zone=prepazka_requests burst=400 nodelay;": ""})):
        _until_open(site.https)
        assert {site.ask("/")[9:12] for _ in range(30)} == {"503"}, "the control: without the limit"


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
