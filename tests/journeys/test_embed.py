"""The web of an office, on an origin of its own and under a strict policy, shows our free slots."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.officefile import office_loading, presets
from prepazka.surfaces.embed.views import script_integrity
from tests.clock import real_now

pytestmark = pytest.mark.journey

PAGE = """<!doctype html><html lang="cs"><head><meta charset="utf-8"><title>Web</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{us}/static/embed/terms.js" integrity="{integrity}" crossorigin="anonymous" defer></script>
</head><body><main><h1>Odbor výstavby</h1>
<prepazka-terms id="good" office="praha6" official="novotna"><a href="{us}/praha6/">Objednat se</a></prepazka-terms>
<prepazka-terms id="english" office="praha6" service="op-zadost" lang="en" count="2"></prepazka-terms>
<prepazka-terms id="gone" office="praha6" official="nikdo"><a href="{us}/praha6/">Objednat se</a></prepazka-terms>
<iframe src="{us}/praha6/vlozit/?odbor=vystavba" title="Nejbližší volné termíny" width="280" height="480"></iframe>
</main></body></html>"""
HEIGHT, NARROW_HEIGHT = 480, 560  # docs/embedding.md
POLICY = "default-src 'none'; frame-src {us}; script-src {us}; connect-src {us}"


@contextmanager
def foreign(us: str) -> Iterator[str]:
    """A web on another host, with the policy that docs/embedding.md asks for."""

    class Web(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY.format(us=us))
            self.end_headers()
            self.wfile.write(PAGE.format(us=us, integrity=script_integrity()).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("scripts", [True, False])
def test_slots_on_the_web_of_the_office(
    live_url: str,
    context: Callable[..., BrowserContext],
    axe: Callable[[Page], None],
    scripts: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    visitor = context(
        java_script_enabled=scripts,
        viewport={"width": 360, "height": 800},
        timezone_id="America/New_York",
    )
    page = visitor.new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Policy" in m.text else None)
    with foreign(live_url) as web:
        page.goto(web)
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", name="Nejbližší volné termíny")).to_be_visible()
        good = page.locator("#good")
        if scripts:
            links = good.get_by_role("listitem").get_by_role("link")
            expect(links).to_have_count(3)
            assert re.match(r"\w+ \d+\. \w+, \d+:\d\d–\d+:\d\d", links.first.inner_text())
            english = page.locator("#english").get_by_role("listitem")
            expect(english).to_have_count(2)
            expect(page.locator("#gone").get_by_role("link", name="Objednat se")).to_be_visible()
            inside = page.frames[-1]
            assert inside.evaluate("document.documentElement.scrollWidth <= innerWidth")
            axe(page)
            links.first.click()
            page.wait_for_url(re.compile(r"/praha6/objednat/[\w-]+/[\d-]+/\?urednik=novotna$"))
            page.goto(web)
        else:
            expect(good.get_by_role("link", name="Objednat se")).to_be_visible()
        assert visitor.cookies() == [] or scripts
        frame.locator("a.option").first.click()
        page.wait_for_url(re.compile(rf"{live_url}/praha6/objednat/"))  # in the top window
        page.locator("button.option").first.click()
        expect(page.get_by_label("Jméno a příjmení")).to_be_visible()
    assert refused == []


def test_five_slots_fit_the_height_that_the_guide_recommends(
    live_url: str, context: Callable[..., BrowserContext]
) -> None:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    page, too_tall = context().new_page(), []
    for which in ("", "?odbor=vystavba", "?urednik=novotna"):
        page.goto(f"{live_url}/praha6/vlozit/{which}{'&' if which else '?'}pocet=5")
        for width, height in ((280, NARROW_HEIGHT), (480, HEIGHT), (720, HEIGHT)):
            page.set_viewport_size({"width": width, "height": height})
            assert 3 <= page.locator("a.option").count() <= 5
            tall = page.evaluate("document.documentElement.scrollHeight")
            if tall > height:
                too_tall.append(f"{which}: {tall} px on {width}x{height}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert too_tall == []
