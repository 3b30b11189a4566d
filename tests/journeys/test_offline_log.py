"""A kiosk that was alone for a whole day: its log comes to the server in parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import NumberLease, OfflineEvent, OfflineGrant, Ticket
from tests.clock import real_now
from tests.journeys.test_hall import kiosk_of, office
from tests.journeys.test_offline import Contexts, is_ready, picture
from tests.waiting import becomes

__all__ = ["office"]
pytestmark = [pytest.mark.journey, pytest.mark.any_day("the size of a log")]
ENTRIES, NUMBERS = 5000, 250

# The entries as `write` leaves them, in one transaction instead of five thousand.
FILL = """entries => new Promise((done, failed) => {
  const asked = indexedDB.open("prepazka-offline", 1);
  asked.onerror = () => failed(asked.error);
  asked.onsuccess = () => {
    const all = asked.result.transaction(["kept", "log"], "readwrite");
    for (const entry of entries) all.objectStore("log").add(entry);
    all.objectStore("kept").put(entries.at(-1).seq, `seq:${entries[0].grant}`);
    all.oncomplete = () => done();
    all.onerror = () => failed(all.error);
  };
})"""
LEFT = """() => new Promise((done, failed) => {
  const asked = indexedDB.open("prepazka-offline", 1);
  asked.onerror = () => failed(asked.error);
  asked.onsuccess = () => {
    const got = asked.result.transaction("log").objectStore("log").count();
    got.onsuccess = () => done(got.result);
  };
})"""
NUMBERS_KEPT = """() => new Promise((done, failed) => {
  const asked = indexedDB.open("prepazka-offline", 1);
  asked.onerror = () => failed(asked.error);
  asked.onsuccess = () => {
    const got = asked.result.transaction("kept").objectStore("kept").get("kiosk");
    got.onsuccess = () => done(got.result?.numbers?.V?.length === 2);
  };
})"""
UPLOAD = """async () => {
  const { offlineStore } = await import(new URL("../looks/offline/store.js",
    document.querySelector("script[src$='/kiosk/kiosk.js']").src));
  return offlineStore("kiosk", "/kiosk/zasoba/", []).upload()
    .then((whole) => whole ? "all" : "some", (fault) => "failed: " + fault.message);
}"""
AT_ONCE = """events => fetch("/offline/log/", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(events),
}).then((answer) => answer.status)"""


def day_alone(grant: OfflineGrant) -> list[dict[str, Any]]:
    """2 MB: 250 tickets, and PINs that nobody knew."""
    numbers = iter(range(500, 500 + NUMBERS))
    entries = []
    for seq in range(1, ENTRIES + 1):
        body = {"kind": "pin", "label": "", "outcome": "unknown", "padding": "x" * 220}
        if seq % (ENTRIES // NUMBERS) == 0:
            label, touch = f"V{next(numbers)}", str(uuid4())
            body |= {"kind": "issue", "label": label, "touch": touch, "service": "prepis"}
        text = json.dumps(body | {"at": real_now().isoformat(), "raw": 1, "offset": 0})
        entries.append({"grant": grant.pk, "seq": seq, "body": text, "sig": grant.sign(seq, text)})
    return entries


def test_two_megabytes_come_in_parts_and_go_on_after_a_failure(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    grant = OfflineGrant.objects.earliest("date")  # in the evening there is tomorrow's too
    NumberLease.objects.filter(grant=grant, letter="V").update(last=500 + NUMBERS - 1)
    entries = day_alone(grant)
    assert len(json.dumps(entries)) > 2_000_000
    whole = {"grant": grant.pk, "events": entries[:1500]}
    assert kiosk.evaluate(AT_ONCE, whole) == 413, "sent as one, it would never come"
    kiosk.evaluate(FILL, entries)

    sizes: list[int] = []

    def counted(route: Route) -> None:
        sizes.append(len(route.request.post_data_buffer or b""))
        if len(sizes) == 4:  # the network goes away in the middle
            route.abort()
        else:
            route.continue_()

    kiosk.context.route("**/offline/log/", counted)
    assert kiosk.evaluate(UPLOAD).startswith("failed")
    left = kiosk.evaluate(LEFT)
    assert 0 < left < ENTRIES
    assert OfflineEvent.objects.count() == ENTRIES - left
    assert kiosk.evaluate(UPLOAD) == "all"
    assert kiosk.evaluate(LEFT) == 0
    assert OfflineEvent.objects.count() == ENTRIES
    assert Ticket.objects.filter(number__gte=500).count() == NUMBERS
    assert max(sizes) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert sizes[2] > 2 * sizes[0], "the server has said that it takes more than the first part"
    kiosk.reload()
    expect(kiosk.get_by_role("button", name="Přepis vozidla")).to_be_visible()


def test_a_kiosk_says_in_time_that_its_numbers_end(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    Device.objects.filter(code="kiosk").update(options={})
    kiosk = kiosk_of(context, live_url, office)

    def few(route: Route) -> None:
        """What a kiosk has left after a long time alone."""
        answer = route.fetch()
        pack = answer.json()
        pack["numbers"] = {"V": [[500, 500], [600, 601]], "D": [[500, 520]]}
        route.fulfill(response=answer, json=pack)

    kiosk.context.route("**/kiosk/zasoba/", few)
    kiosk.reload()
    is_ready(kiosk, "/kiosk/bez-site/")
    becomes(kiosk, NUMBERS_KEPT)  # also while a page gives way to the next
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}/kiosk/")
    lines = kiosk.locator(".kiosk-few p")
    expect(lines).to_have_text(["Pro úřad: zbývají 3 čísla písmene V."])
    picture(kiosk, "kiosk-cutoff-few")
    axe(kiosk)
    number, done = (
        kiosk.locator(".kiosk-ticket__number"),
        kiosk.get_by_role("button", name="Hotovo"),
    )
    for name, expected, said in (
        ("Cestovní pas", "D500", ["zbývá 20 čísel písmene D", "zbývají 3 čísla písmene V"]),
        ("Přepis vozidla", "V500", ["zbývá 20 čísel písmene D", "zbývají 2 čísla písmene V"]),
        ("Přepis vozidla", "V600", ["zbývá 20 čísel písmene D", "zbývá 1 číslo písmene V"]),
        ("Přepis vozidla", "V601", ["zbývá 20 čísel písmene D", "čísla písmene V došla"]),
    ):
        kiosk.get_by_role("button", name=name).click()
        expect(number).to_have_text(expected)
        done.click()
        expect(lines).to_have_text([f"Pro úřad: {one}." for one in said])
    kiosk.get_by_role("button", name="Přepis vozidla").click()
    expect(kiosk.get_by_role("heading", name="Kiosku došla čísla pro tento úkon")).to_be_visible()
    picture(kiosk, "kiosk-cutoff-none")
    axe(kiosk)
    done.click()
    kiosk.context.set_offline(False)
    kiosk.context.unroute("**/kiosk/zasoba/")
    expect(kiosk.get_by_role("link", name="Klienti objednaní přes web")).to_be_visible(
        timeout=40_000
    )
    given = Ticket.objects.filter(number__gte=500).order_by("letter", "number")
    # The numbers that this test made up were never leased.
    assert [ticket.label for ticket in given] == ["D500", "V500"]
