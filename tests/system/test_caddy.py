"""The shipped Caddyfile in a real Caddy, in front of two processes of the program."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import needs, programs, town
from tests.certificates import self_signed
from tests.ports import free_port
from tests.shipped_proxy import HOST
from tests.system.test_proxy import GUARDS, SECRETS, Site, headers_of

pytestmark = [needs.mark("caddy"), pytest.mark.any_day("what a proxy lets through")]
SHIPPED = programs.ROOT / "deploy" / "Caddyfile"
SHORT = {"read_header 10s": "read_header 3s", "read_body 10m": "read_body 3s"}
PAGE = "Za chvíli jsme zpět"


def adapted(site: Site, **changes: str) -> Path:
    """The shipped file on this test's ports and certificate, otherwise untouched but for `changes`."""
    pem, key = self_signed(site.folder, HOST)
    pages = site.folder / "pages"
    pages.mkdir(exist_ok=True)
    shutil.copy(SHIPPED.parent / "maintenance.html", pages)
    text = SHIPPED.read_text()
    ports = (
        f"admin off\n\thttp_port {site.http}\n\thttps_port {site.https}\n\tdefault_bind 127.0.0.1"
    )
    for old, new in {
        "{\n\tservers {": f"{{\n\t{ports}\n\tskip_install_trust\n\tservers {{",
        f"\n{HOST} {{": f"\n{HOST} {{\n\ttls {pem} {key}",
        "127.0.0.1:8000": f"127.0.0.1:{site.web}",
        "/opt/prepazka/deploy": str(pages),
        **changes,
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    config = site.folder / "Caddyfile"
    config.write_text(text)
    return config


@contextmanager
def caddy(config: Path) -> Iterator[None]:
    """Caddy with that file and state of its own, until the end of the block."""
    state = {"HOME": str(config.parent), "XDG_DATA_HOME": str(config.parent / "state")}
    state |= {"XDG_CONFIG_HOME": str(config.parent / "state")}
    command = [needs.path("caddy"), "run", "--adapter", "caddyfile", "--config", str(config)]
    with (config.parent / "caddy.log").open("ab") as log:
        child = subprocess.Popen(command, env=os.environ | state, stdout=log, stderr=log)
    try:
        yield
    finally:
        child.terminate()
        child.wait(20)


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Site:
    town.office()
    return Site(free_port(), free_port(), free_port(), tmp_path)


@contextmanager
def running_web(site: Site) -> Iterator[None]:
    """Two processes of the program, as soon as the proxy passes their pages on."""
    told = programs.told() | {
        "PREPAZKA_URL": f"https://{HOST}",
        "PREPAZKA_HOSTS": HOST,
        "PREPAZKA_TRUSTED_PROXIES": "1",
    }
    web = ["web", "--host", "127.0.0.1", "--port", str(site.web), "--workers", "2"]
    with programs.program(web, told, site.folder / "web.log"):
        wait_until(site, "200")
        yield


def wait_until(site: Site, status: str) -> str:
    """The first answer of that status."""
    deadline, answer = time.monotonic() + 120, ""
    while time.monotonic() < deadline:
        try:
            answer = site.ask("/lhota/")
        except OSError:
            answer = ""
        if answer[9:12] == status:
            return answer
        time.sleep(0.3)
    raise AssertionError((answer[:500], site.log()[-3000:]))


def test_a_time_is_booked_through_caddy(site: Site) -> None:
    with caddy(adapted(site, **SHORT)), running_web(site):
        page = headers_of(site.ask("/lhota/"))
        assert all(name in page for name in GUARDS)
        with httpx.Client(base_url=f"https://{HOST}", transport=_ByName(site.https)) as browser:
            offices = "/api/v1/offices/lhota"
            times = browser.get(f"{offices}/services/prepis/slots").json()["slots"]
            wanted = {
                "service": "prepis",
                "starts_at": times[0]["starts_at"],
                "language": "cs",
            }
            held = browser.post(f"{offices}/holds", json=wanted)
            assert held.status_code == 201, held.text
            contact = {"name": "Jana Nováková", "email": "jana@example.cz"}
            token = held.json()["token"]
            answer = browser.post(f"/api/v1/holds/{token}/contact", json=contact)
            assert answer.is_success, answer.text
        for path in SECRETS:
            site.ask(path, more="Referer: https://x.example/tajne\r\nUser-Agent: tajne\r\n")
        _other_names_get_nothing(site)
        _who_does_not_go_on_is_cut_off(site)
    log = site.log()
    assert "tajne" not in log
    assert token not in log


def test_while_the_program_restarts_caddy_shows_our_page(site: Site) -> None:
    with caddy(adapted(site)):
        with running_web(site):
            pass
        answer = wait_until(site, "503")
        assert PAGE in answer
        assert "<h1>" in answer
        headers = headers_of(answer)
        assert headers["retry-after"] == "20"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        with running_web(site):
            assert PAGE not in site.ask("/lhota/")
        wait_until(site, "503")
        (site.folder / "pages" / "maintenance.html").unlink()
        answer = wait_until(site, "503")
        assert PAGE in answer, "where the file is missing"
        assert headers_of(answer)["retry-after"] == "20"


def test_what_caddy_writes_of_requests_has_no_address(site: Site) -> None:
    """It writes its errors where no page of ours is shown for them; of all requests it is the same line."""
    bare = {"\thandle_errors {": "\thandle_path /never {"}
    with caddy(adapted(site, **bare)):
        wait_until(site, "502")
        for path in SECRETS:
            site.ask(path, more="Referer: https://x.example/tajne\r\nUser-Agent: tajne\r\n")
    assert site.log().count("connection refused") >= len(SECRETS), "errors are written"
    assert "tajne" not in site.log()
    with caddy(adapted(site, **bare, **{"request>uri delete\n": "\n"})):
        wait_until(site, "502")
        site.ask("/termin/tajne.x/")
    assert "tajne" in site.log(), "the control: without the filter it has"


def _other_names_get_nothing(site: Site) -> None:
    assert _plainly(site, "/", "evil.example") == ""
    assert "301 Moved" in _plainly(site, "/x", HOST)
    assert "403 Forbidden" in _plainly(site, "/api/v1/offices", HOST)
    with pytest.raises(ssl.SSLError):
        site.tls("evil.example")
    # The right name for the handshake, another in the request.
    assert site.ask("/", name="evil.example") == ""


def _plainly(site: Site, path: str, name: str) -> str:
    with socket.create_connection(("127.0.0.1", site.http), timeout=20) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return _rest(line)


def _rest(line: socket.socket) -> str:
    parts = []
    try:
        while part := line.recv(65536):
            parts.append(part)
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return b"".join(parts).decode("utf-8", "replace")


def _who_does_not_go_on_is_cut_off(site: Site) -> None:
    head = f"POST /lhota/ HTTP/1.1\r\nHost: {HOST}\r\n"
    for name, sent in {
        "head": head,
        "body": f"{head}Content-Length: 1000\r\n\r\nabc",
    }.items():
        with site.tls() as line:
            line.settimeout(60)
            line.sendall(sent.encode())
            try:
                _rest(line)
            except TimeoutError:
                pytest.fail(f"a half {name} is still waited for")


class _ByName(httpx.HTTPTransport):
    """Connects to this test's port, by the name that the certificate is for."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False)
        self.port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        redirected = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self.port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": HOST},
        )
        return super().handle_request(redirected)
