"""A meeting of a citizen who does not see it and of an official without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from prepazka.jobs import document_jobs
from prepazka.meetings import documents, room
from tests import papers
from tests.citizen import personal_url
from tests.clock import real_now
from tests.journeys.test_room import cameras, person
from tests.meetings_town import Held, held

__all__ = ["cameras", "person"]
pytestmark = [
    pytest.mark.any_day("a meeting by keyboard and by speech"),
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True),
]

MICE = """for (const name of ["pointerdown", "mousedown", "touchstart"])
  addEventListener(name, () => sessionStorage.setItem("mouse", name), true);"""
# What the focus is on, and whether an eye sees it: framed, in the window, not clipped to a dot.
FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const framed = one.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const at = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 40)];
  const inside = at[0] >= 0 && at[0] <= innerWidth && at[1] >= 0 && at[1] <= innerHeight;
  return { tag: one.localName, text: one.ariaLabel || one.innerText, seen: framed && inside && box.width > 2 };
}"""
HEADINGS = """[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter((one) => one.checkVisibility()).map((one) => Number(one.localName[1]))"""
NAMELESS = """[...document.querySelectorAll("video, #paper img")]
  .filter((one) => one.checkVisibility() && !(one.ariaLabel || one.alt)).length"""


@pytest.fixture(autouse=True)
def _one_folder(told: dict[str, str], settings: Any) -> None:
    papers.kept_in(Path(told["PREPAZKA_FILES"]), settings)


def focused(page: Page, wanted: Locator) -> None:
    """The focus is there, and is seen."""
    expect(wanted).to_be_focused()
    found = page.evaluate(FOCUS)
    assert found["seen"], found


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """On by Tab; every stop on the way is seen."""
    for _ in range(45):
        page.keyboard.press(key)
        found = page.evaluate(FOCUS)
        assert found["seen"] or found["tag"] == "body", found
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"no way by {key} to {wanted}")


def press(page: Page, name: str, role: Any = "button", key: str = "Enter") -> Locator:
    wanted = page.get_by_role(role, name=name)
    tab_to(page, wanted)
    page.keyboard.press(key)
    return wanted


def said(page: Page, *texts: str) -> None:
    """Said aloud by the log, in words."""
    for text in texts:
        expect(page.get_by_role("log", name="Co se stalo")).to_contain_text(text)


def well_made(page: Page) -> None:
    """One main heading, no level left out, no picture without a name, the order of the page is kept."""
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1, levels
    assert levels.count(1) == 1, levels
    assert all(b - a <= 1 for a, b in pairwise(levels)), levels
    assert page.evaluate(NAMELESS) == 0
    assert page.locator('[tabindex]:not([tabindex="0"], [tabindex="-1"])').count() == 0


def plan(here: Held) -> None:
    """A document of the citizen's, checked."""
    file = papers.file(papers.pdf("Rozpocet akce", pages=3))
    now = real_now()
    who = here.citizen
    made = documents.add_document(
        participant=who.pk, link=who.link, name="Rozpočet.pdf", file=file, now=now
    )
    document_jobs.inspect_document(document=made.pk, now=now)


def test_without_a_mouse_and_without_eyes(
    live_url: str, person: Callable[..., Page], axe: Any
) -> None:
    here = held(starts_at=real_now() + timedelta(minutes=2))
    plan(here)
    citizen, official = (person(here, who, live_url) for who in (here.citizen, here.chair))
    for page in (citizen, official):
        page.add_init_script(MICE)
        page.on("dialog", lambda dialog: dialog.accept())
    come(here, citizen, official, live_url)
    speak(here, citizen, official)
    read_along(citizen, official)
    write(citizen, official)
    axe(citizen)
    axe(official)
    part(here, citizen, official)
    axe(citizen)
    for page in (citizen, official):
        assert page.evaluate("sessionStorage.getItem('mouse')") is None
        assert page.faults == []  # type: ignore[attr-defined]


def come(here: Held, citizen: Page, official: Page, url: str) -> None:
    """From the booking through the check and the lobby; the official lets in by a key."""
    citizen.goto(url + personal_url(here.meeting.booking))
    press(citizen, "Vstoupit na schůzku", "link")
    expect(citizen.locator("#chosen")).to_be_visible()
    well_made(citizen)
    press(citizen, "Přehrát zkušební zvuk", key="Space")
    press(citizen, "Vstoupit")
    focused(citizen, citizen.get_by_role("heading", name="Jste v čekárně"))
    expect(citizen.get_by_role("status").filter(has_text="Jste na řadě")).to_be_visible()
    well_made(citizen)

    official.reload()  # its mouse is watched
    press(official, "Zahájit schůzku")
    said(official, "čekárně je Karel Veselý. Klávesa P")
    official.keyboard.press("p")
    said(citizen, "Jste v místnosti.", "Vámi: Ing. Jana Nováková.")
    focused(citizen, citizen.get_by_role("heading", name="Schůzka po videu"))
    said(official, "Karel Veselý: příchod.")


def speak(here: Held, citizen: Page, official: Page) -> None:
    """Another comes, raises a hand and writes; the citizen does the same."""
    guest = here.enter(here.guest, real_now()).participant
    said(official, "čekárně je Eva Malá.")
    press(official, "Vpustit: Eva Malá")
    focused(official, official.get_by_role("heading", name="V místnosti"))
    said(citizen, "Eva Malá: příchod.")
    assert guest.seat
    room.raise_hand(participant=guest.pk, seat=guest.seat, up=True, now=real_now())
    said(citizen, "Eva Malá se hlásí.")
    room.post_chat_message(participant=guest.pk, seat=guest.seat, text="Dobrý den.", now=real_now())
    said(citizen, "Eva Malá: Dobrý den.")

    expect(citizen.get_by_role("button", name="Přihlásit se")).to_have_attribute(
        "aria-keyshortcuts", "R"
    )
    citizen.keyboard.press("r")
    said(citizen, "Hlásíte se.")
    said(official, "Karel Veselý se hlásí.")
    expect(citizen.locator("#hand")).to_have_accessible_name("Přestat se hlásit")
    citizen.keyboard.press("k")
    said(citizen, "Vaše kamera je vypnutá.")
    expect(citizen.locator("#camera")).to_have_accessible_name("Zapnout kameru")
    citizen.keyboard.press("c")
    focused(citizen, citizen.get_by_role("textbox", name="Zpráva všem"))
    citizen.keyboard.type("Slyším Vás.")
    citizen.keyboard.press("Enter")
    said(official, "Karel Veselý: Slyším Vás.")
    citizen.keyboard.press("Escape")
    focused(citizen, citizen.get_by_role("heading", name="Schůzka po videu"))


def read_along(citizen: Page, official: Page) -> None:
    """The official turns the pages; the citizen reads them as text."""
    official.keyboard.press("d")
    focused(official, official.locator("#documents > summary"))
    press(official, "Ukázat všem: Rozpočet.pdf")
    said(citizen, "Rozpočet.pdf, strana 1 z\u00a03")
    focused(official, official.locator("#paper [data-sheet]"))
    official.keyboard.press("PageDown")
    said(citizen, "Rozpočet.pdf, strana 2 z\u00a03")
    citizen.keyboard.press("t")
    focused(citizen, citizen.locator("#paper summary"))
    citizen.keyboard.press("Tab")
    words = citizen.get_by_role("group", name="Strana jako text")
    focused(citizen, words)
    expect(words).to_contain_text("Strana 2")
    well_made(citizen)
    # To the last page: the button has no further work, the focus is not lost with it.
    press(official, "Další strana")
    focused(official, official.locator("#paper [data-sheet]"))
    expect(words).to_contain_text("Strana 3")
    press(official, "Přestat ukazovat")
    said(citizen, "Dokument se už neukazuje.")
    focused(official, official.locator("#documents > summary"))


def write(citizen: Page, official: Page) -> None:
    """The minutes begun, written and closed."""
    official.keyboard.press("z")
    press(official, "Začít zápis")
    focused(official, official.get_by_label("Přítomni"))
    said(citizen, "Zápis je založený.")
    tab_to(official, official.get_by_label("Průběh schůzky"))
    official.keyboard.type("Prošli jsme rozpočet.")
    said(citizen, "Zápis se změnil.")
    press(official, "Uzavřít zápis")
    said(citizen, "Zápis je uzavřený.")
    focused(official, official.locator("#minutes [data-read]"))
    citizen.keyboard.press("z")
    focused(citizen, citizen.locator("#minutes > summary"))
    expect(citizen.locator("#minutes")).to_contain_text("Prošli jsme rozpočet.")
    well_made(citizen)


def part(here: Held, citizen: Page, official: Page) -> None:
    """Somebody is muted, somebody leaves, the keys are switched off, the meeting ends."""
    muting = official.get_by_role("button", name="Ztlumit: Karel Veselý")
    tab_to(official, muting, "Shift+Tab")
    official.keyboard.press("Enter")
    said(official, "Ztlumeno: Karel Veselý.")
    focused(official, muting)
    said(citizen, "Vám ztlumil mikrofon.")
    expect(citizen.locator("#microphone")).to_have_accessible_name("Zapnout mikrofon")
    room.leave_room(participant=here.guest.pk, seat=here.seat(here.guest), now=real_now())
    said(citizen, "Eva Malá: odchod.")

    tab_to(citizen, citizen.get_by_text("Zařízení a klávesy"))
    citizen.keyboard.press("Enter")
    press(citizen, "Fungují klávesy", "checkbox", "Space")
    expect(citizen.locator("[aria-keyshortcuts]")).to_have_count(0)
    tab_to(citizen, citizen.get_by_text("Zařízení a klávesy"), "Shift+Tab")
    citizen.keyboard.press("o")
    expect(citizen.locator("#people")).to_be_visible()

    official.keyboard.press("e")
    focused(citizen, citizen.get_by_role("heading", name="Schůzka skončila"))
    well_made(citizen)
    press(citizen, "Dokumenty a zápis ze schůzky", "link")
    expect(citizen.get_by_role("heading", level=1)).to_contain_text("skončila")
