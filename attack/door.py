"""How visitors reach the installation: through the shipped nginx, each from an address of its own, or directly.

The loopback interface of a network namespace has all addresses of the attackers, so that nginx sees them as
it would see the world's; nothing of the machine's own network is touched.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx

from tests import needs
from tests.shipped_proxy import HOST, Nginx, nginx_conf

# For examples only, by RFC 5737; each installation has a proxy at an address of its own.
ATTACKERS, READERS, PROXIES = "203.0.113", "198.51.100", "192.0.2"
ONE_REQUEST = 60.0  # seconds
OUTER_NETWORK = "PREPAZKA_ATTACK_OUTER_NETWORK"  # a file descriptor of the machine's own namespace
PROXIED = {"PREPAZKA_URL": f"https://{HOST}", "PREPAZKA_HOSTS": f"{HOST},localhost"}
# What the control takes away: who begins a request may stay for ever.
PATIENT = {
    "client_header_timeout 10s": "client_header_timeout 1h",
    "client_body_timeout 10s": "client_body_timeout 1h",
}


def why_not() -> str:
    """The reason why nginx cannot stand in front here; nothing where it can."""
    if os.geteuid() != 0:
        return "networks of one's own need root"
    if missing := [name for name in ("nginx", "ip") if not needs.path(name)]:
        return f"{' and '.join(missing)} not installed"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "networks of one's own are not allowed here" if tried.returncode else ""


def is_inside() -> bool:
    """Whether this process is in a network of its own already."""
    return OUTER_NETWORK in os.environ


def enter(arguments: Sequence[str]) -> None:
    """Start this program anew in a network namespace; it does not return."""
    outer = os.open("/proc/self/ns/net", os.O_RDONLY)
    os.set_inheritable(outer, True)
    os.environ[OUTER_NETWORK] = str(outer)
    command = ["unshare", "--net", "--", sys.executable, "-m", "attack", *arguments]
    os.execvp(command[0], command)  # noqa: S606  # our own command line


def furnish() -> None:
    """Give the namespace its addresses."""
    ip = needs.path("ip")
    for words in (
        ["link", "set", "lo", "up"],
        *(["address", "add", f"{net}.1/24", "dev", "lo"] for net in (ATTACKERS, READERS, PROXIES)),
    ):
        subprocess.run([ip, *words], check=True)


def outside(command: Sequence[str]) -> tuple[list[str], tuple[int, ...]]:
    """The command as it runs in the machine's own network, and the descriptors it needs."""
    if not is_inside():
        return list(command), ()
    outer = int(os.environ[OUTER_NETWORK])
    return ["nsenter", f"--net=/proc/self/fd/{outer}", "--", *command], (outer,)


class _ThroughNginx(httpx.HTTPTransport):
    """Connects to nginx from one address, by the name that the certificate is for."""

    def __init__(self, proxy: str, address: str) -> None:
        super().__init__(local_address=address, verify=False)
        self.proxy = proxy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask nginx, whatever the host of the address resolves to; the header Host is kept."""
        redirected = httpx.Request(
            request.method,
            request.url.copy_with(host=self.proxy),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": HOST},
        )
        return super().handle_request(redirected)


@dataclass(frozen=True)
class Door:
    """Where clients connect: `port` is the program's own, `proxy` the address of nginx, if there is one."""

    port: int
    proxy: str = ""

    @property
    def base(self) -> str:
        """What all addresses begin with."""
        return f"https://{HOST}" if self.proxy else f"http://localhost:{self.port}"

    def transport(self, address: str) -> httpx.BaseTransport | None:
        """The way of a client at that address; None is httpx's own."""
        return _ThroughNginx(self.proxy, address) if self.proxy else None

    def headers(self, address: str) -> dict[str, str]:
        """What the proxy would say of the client, where there is none."""
        return {} if self.proxy else {"X-Forwarded-For": address}

    def client(self, address: str, token: str = "") -> httpx.Client:
        """A browser at that address, or a program with that token."""
        headers = self.headers(address) | {"Accept-Language": "cs"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(
            base_url=self.base,
            timeout=ONE_REQUEST,
            headers=headers,
            transport=self.transport(address),
        )

    def connection(self, address: str) -> socket.socket:
        """A bare connection of a client at that address, after the handshake of TLS."""
        if not self.proxy:
            return socket.create_connection(("127.0.0.1", self.port), timeout=ONE_REQUEST)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection((self.proxy, 443), ONE_REQUEST, source_address=(address, 0))
        return context.wrap_socket(raw, server_hostname=HOST)


_proxies = count(1)


@contextmanager
def opened(folder: Path, port: int, *, is_patient: bool) -> Iterator[Door]:
    """The door to the program at that port; with nginx in front where this process is inside."""
    if not is_inside():
        yield Door(port)
        return
    own = folder / "nginx"
    own.mkdir()
    for part in (own, folder, folder.parent):  # nginx's workers are another user
        part.chmod(0o711)
    proxy = f"{PROXIES}.{next(_proxies)}"
    changes = {f"listen {number}": f"listen {proxy}:{number}" for number in (80, 443)}
    if is_patient:
        changes |= PATIENT
    with Nginx(nginx_conf(own, port, **changes)):
        yield Door(port, proxy)
