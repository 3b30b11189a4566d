"""Django behind one thread a request: faults stay inside, haste queues, nobody sees details."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from prepazka.config.bodies import ORDINARY
from prepazka.config.onehop import PASSWORDS_AT_ONCE, PRESSES_AT_ONCE
from tests.edge import urls
from tests.edge.conftest import THREADS, Served, until


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    urls.ran.clear()


def test_a_fault_in_a_view_is_a_page_without_details(served: Served) -> None:
    for accept in ("text/html", "application/json"):
        answer = served.client.get("/test/broken/", headers={"Accept": accept})
        assert answer.status_code == 500
        assert "Na naší straně se stala chyba" in answer.text.replace("\u00a0", " ")
        for detail in ("heslo", "RuntimeError", "Traceback", ".py"):
            assert detail not in answer.text
    assert served.client.get("/lhota/").status_code == 200


def test_a_body_that_is_too_large_is_refused(served: Served) -> None:
    big = b"x" * (ORDINARY + 1)
    assert served.client.post("/test/post/", content=big).status_code == 413
    assert served.client.post("/test/post/", content=iter([big[:9], big])).status_code == 413
    assert urls.ran == []
    most = served.client.post("/test/post/", content=b"x" * 200_000)
    assert most.text == "200000"


def test_a_client_that_leaves_in_the_middle_does_no_harm(served: Served) -> None:
    for said in ("abc", "", "abcdefghij"):
        raw = served.connect(
            f"POST /test/post/ HTTP/1.1\nHost: localhost\nContent-Length: 10\n\n{said}"
        )
        raw.close()
    until("the whole one to be answered", lambda: 10 in urls.ran)
    time.sleep(0.2)
    assert urls.ran == [10], "a request that did not arrive whole must not run"
    assert served.client.get("/lhota/").status_code == 200


def test_more_requests_than_threads_wait_for_their_turn(served: Served) -> None:
    many = THREADS * 5
    began = time.monotonic()
    with ThreadPoolExecutor(many) as people:
        answers = list(people.map(lambda _: served.client.get("/test/slow/"), range(many)))
    assert {a.status_code for a in answers} == {200}
    assert time.monotonic() - began > 0.9, "five rounds of 0.2 s"


def test_few_presses_at_once_and_they_hold_no_page(served: Served) -> None:
    def press(address: str) -> int:
        """How many of them ran at once."""
        return int(served.client.post(address).text)

    with ThreadPoolExecutor(8) as clerks:
        at_once = max(clerks.map(press, ["/pult/lhota/krok/test/"] * 8))
        otherwise = max(clerks.map(press, ["/test/krok/"] * 8))
    assert at_once == PRESSES_AT_ONCE < otherwise <= THREADS


def test_passwords_are_checked_one_after_another_and_hold_no_page(served: Served) -> None:
    def log_in(_: int) -> int:
        return int(served.client.post("/ucet/login/test/").text)

    with ThreadPoolExecutor(THREADS * 3) as people:
        at_once = people.map(log_in, range(THREADS * 2))
        page = people.submit(served.client.get, "/lhota/")
        assert page.result().status_code == 200
        assert max(at_once) == PASSWORDS_AT_ONCE
