"""A meeting of two who cannot reach each other, through coturn: networks in namespaces.

Needs root, iproute2, ping and coturn, and is left out without them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from prepazka.meetings.models import Participant
from tests import needs
from tests.clock import real_now
from tests.faults import program
from tests.journeys.conftest import FLAGS, WHOLE_CHROMIUM
from tests.journeys.test_room import MEDIA, SPY, enter, meets, say
from tests.meetings_town import Held, held
from tests.ports import free_port

pytestmark = [
    pytest.mark.any_day("the way of sound and picture"),
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    needs.mark("ip", "ping", "coturn"),
]
OFFICE = "10.97.1.1"  # where the server and the relay are; both houses reach it, not each other
CUT = float(os.environ.get("LOST", "8"))  # seconds; by hand also 20 and 300
SECRET = "jen pro zkoušku".encode().hex()
# Which candidates carry the pictures, on both sides.
CARRIED = """async () => {
  const all = [...(await window.pcs.at(-1).getStats()).values()];
  const pair = all.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
  return [pair.localCandidateId, pair.remoteCandidateId].map((id) => all.find((one) => one.id === id).candidateType);
}"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)  # our own words


@pytest.fixture
def houses() -> Iterator[list[str]]:
    """Two networks, each with a way to the office and none to the other."""
    names = [f"prepazka{os.getpid()}{letter}" for letter in "ab"]
    with ExitStack() as undo:
        for number, name in enumerate(names, 1):
            outer, inner = f"przout{number}", f"przin{number}"
            ip("netns", "add", name)
            undo.callback(ip, "netns", "del", name)
            ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
            ip("addr", "add", f"10.97.{number}.1/24", "dev", outer)
            ip("link", "set", outer, "up")
            ip("-n", name, "addr", "add", f"10.97.{number}.2/24", "dev", inner)
            for link in ("lo", inner):
                ip("-n", name, "link", "set", link, "up")
            ip("-n", name, "route", "add", "default", "via", f"10.97.{number}.1")
        yield names


@pytest.fixture
def relay(houses: list[str], tmp_path: Path) -> Iterator[int]:
    """coturn as docs/meetings.md says; its port."""
    port = free_port()
    command = ["turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--use-auth-secret"]
    command += [f"--static-auth-secret={SECRET}", "--realm=urad.example", "--fingerprint"]
    command += [f"--listening-ip={OFFICE}", f"--relay-ip={OFFICE}", f"--listening-port={port}"]
    command += [f"--pidfile={tmp_path}/turn.pid", f"--log-file={tmp_path}/turn.log", "--simple-log"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    child.terminate()
    child.wait(10)


def test_a_meeting_through_coturn(
    browser: Browser, houses: list[str], relay: int, tmp_path: Path
) -> None:
    apart = f"ip netns exec {houses[0]} ping -c 1 -W 1 10.97.2.2"
    assert subprocess.run(apart.split(), check=False, capture_output=True).returncode != 0
    port = free_port()
    url = f"http://{OFFICE}:{port}"
    told = program.environment(
        PREPAZKA_URL=url,
        PREPAZKA_HOSTS=f"{OFFICE},localhost",
        PREPAZKA_TURN=f"turn:{OFFICE}:{relay}",
        PREPAZKA_TURN_SECRET=SECRET,
    )
    here = held(starts_at=real_now() + timedelta(minutes=2))
    web = ["web", "--host", "0.0.0.0", "--port", str(port)]  # noqa: S104  # both houses come
    with ExitStack() as opened:
        running = opened.enter_context(program.running(web, told, tmp_path / "web.log"))
        program.wait_until_up(port, running)
        comes = _comer(opened, browser, tmp_path, url)
        official, citizen = (
            comes(here, who, house)
            for who, house in zip((here.chair, here.citizen), houses, strict=True)
        )
        enter(official)
        enter(citizen)
        official.get_by_role("button", name="Vpustit: Karel Veselý").click()
        meets(citizen)
        meets(official)
        assert "relay" in citizen.evaluate(CARRIED)
        assert "relay" in official.evaluate(CARRIED)
        # The cable of one house is pulled out, and put in again.
        ip("link", "set", "przout2", "down")
        official.wait_for_timeout(CUT * 1000)
        ip("link", "set", "przout2", "up")
        meets(citizen)
        meets(official)
        say(citizen, "Jsem zpátky")
        expect(official.locator("#lines")).to_contain_text("Jsem zpátky")


def _comer(
    opened: ExitStack, browser: Browser, folder: Path, url: str
) -> Callable[[Held, Participant, str], Page]:
    def come(here: Held, who: Participant, house: str) -> Page:
        inside = folder / house
        inside.write_text(f'#!/bin/sh\nexec ip netns exec {house} {WHOLE_CHROMIUM} "$@"\n')
        inside.chmod(0o755)
        # In a real office the page is secured by TLS; here its address is named as trusted.
        flags = [*FLAGS, *MEDIA, f"--unsafely-treat-insecure-origin-as-secure={url}"]
        made = browser.browser_type.launch(executable_path=inside, headless=True, args=flags)
        opened.callback(made.close)
        context = made.new_context(locale="cs-CZ")
        context.set_default_timeout(30_000)
        context.add_init_script(SPY)
        if cookie := here.client(who).cookies.get(settings.SESSION_COOKIE_NAME):
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
        page = context.new_page()
        page.goto(url + here.path(who))
        return page

    return come
