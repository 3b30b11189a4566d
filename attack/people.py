"""Who attacks, and who wants to get something done meanwhile; each with an address of its own."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import altcha
import httpx

ONE_REQUEST = 30.0  # seconds
TOWN, SERVICE = "touzim", "jednani"
EXTENDS_AFTER = 45.0  # seconds; the shortest hold lasts three minutes
PATIENCE = 3.0  # seconds that a refused robot waits
DELAYED = "Zkuste to prosím znovu za"
TOO_MANY = 429
OWN_PIN = "9876"  # of the guesser's own booking, tomorrow
PAUSED = "device_paused"
OWN_EVERY = 4  # guesses


def client(base: str, address: str, **more: Any) -> httpx.Client:
    """A browser or a program at that address, as the proxy in front would say it."""
    headers = {"X-Forwarded-For": address, "Accept-Language": "cs"} | more.pop("headers", {})
    return httpx.Client(base_url=base, timeout=ONE_REQUEST, headers=headers, **more)


def solved(task: dict[str, Any]) -> str:
    """The proof of work for the task, as a browser's script computes it."""
    challenge = altcha.Challenge.from_dict(task)
    solution = altcha.solve_challenge(challenge)
    if solution is None:
        raise RuntimeError("the proof of work has no solution")
    return altcha.Payload(challenge, solution).to_base64()


@dataclass
class Person:
    """Somebody who takes times of the town by the API; robots never confirm any."""

    base: str
    address: str
    answers: Counter[str] = field(default_factory=Counter)
    holds: dict[str, float] = field(default_factory=dict)  # token: when it was last extended

    def __post_init__(self) -> None:
        self.http = client(self.base, self.address)

    def free_times(self) -> list[str]:
        """Starts of what can be booked."""
        answer = self.http.get(f"/api/v1/offices/{TOWN}/services/{SERVICE}/terms")
        return [slot["starts_at"] for slot in answer.json()["terms"]] if answer.is_success else []

    def take(self, starts_at: str) -> str:
        """Hold that time, with a proof of work where one is asked; the token, or nothing."""
        wanted = {"service": SERVICE, "starts_at": starts_at, "language": "cs"}
        asked = self.http.get(f"/api/v1/offices/{TOWN}/proof", params={"service": SERVICE}).json()
        if asked.get("asked"):
            wanted["proof"] = solved(asked["challenge"])
        answer = self.http.post(f"/api/v1/offices/{TOWN}/holds", json=wanted)
        self.answers[_name_of(answer)] += 1
        return str(answer.json()["token"]) if answer.is_success else ""

    def extend_all(self) -> None:
        """Keep what is held for longer; forget what could not be kept."""
        for token, since in list(self.holds.items()):
            if time.monotonic() - since < EXTENDS_AFTER:
                continue
            answer = self.http.post(f"/api/v1/holds/{token}/extend")
            self.answers[f"extend {_name_of(answer)}"] += 1
            if answer.is_success:
                self.holds[token] = time.monotonic()
            elif answer.status_code != TOO_MANY:
                del self.holds[token]

    def rob(self, over: threading.Event) -> None:
        """Take and keep all that can be had, until it is over."""
        while not over.is_set():
            self.extend_all()
            times = self.free_times()
            token = self.take(random.choice(times)) if times else ""
            if token:
                self.holds[token] = time.monotonic()
            else:
                over.wait(random.uniform(0.3, 1) * PATIENCE)

    def book(self, within: float) -> float | None:
        """Hold a time and give the contact, as somebody in a hurry; the seconds, or None."""
        began = time.monotonic()
        while time.monotonic() - began < within:
            times = self.free_times()
            token = self.take(random.choice(times)) if times else ""
            if token:
                contact = {"name": "Jana Nováková", "email": f"{token[:12].lower()}@example.cz"}
                answer = self.http.post(f"/api/v1/holds/{token}/contact", json=contact)
                self.answers[f"contact {_name_of(answer)}"] += 1
                if answer.is_success:
                    return time.monotonic() - began
            time.sleep(0.5)
        return None


class Guesser:
    """Types one PIN after another at a kiosk; now and then its own, which once ended the count."""

    def __init__(self, base: str, token: str) -> None:
        self.http = client(base, "203.0.113.9", headers={"Authorization": f"Bearer {token}"})
        self.outcomes: Counter[str] = Counter()

    def guess(self, most: int, seconds: float) -> None:
        """So many PINs, or as many as can be typed in the time."""
        ends, pin = time.monotonic() + seconds, 1000
        while pin < 1000 + most and time.monotonic() < ends:
            if pin % OWN_EVERY == 0:
                self._type(OWN_PIN)
            outcome = self._type(f"{pin:04}")
            if outcome == PAUSED:
                time.sleep(0.5)
                continue
            self.outcomes[outcome] += 1
            pin += 1

    def _type(self, pin: str) -> str:
        answer = self.http.post("/api/v1/kiosk/check-ins", json={"pin": pin, "language": "cs"})
        return str(answer.json()["outcome"]) if answer.is_success else _name_of(answer)


class Visitor:
    """A browser at the page of the log-in; it keeps its cookies."""

    def __init__(self, base: str, address: str) -> None:
        self.http = client(base, address, follow_redirects=False)

    def log_in(self, name: str, password: str) -> str:
        """in, wrong, or delayed."""
        page = self.http.get("/ucet/login/")
        token = self.http.cookies.get("csrftoken", "")
        said = {"login": name, "password": password, "csrfmiddlewaretoken": token}
        answer = self.http.post("/ucet/login/", data=said, headers={"Referer": str(page.url)})
        if answer.is_redirect:
            return "in"
        return "delayed" if DELAYED in answer.text.replace("\xa0", " ") else "wrong"

    def come_back(self) -> None:
        """Be somebody who has to log in again on the same device."""
        self.http.cookies.delete("sessionid")


class Guessers:
    """Addresses that guess one name's password, and somebody who reads a page meanwhile."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, name
        self.over = threading.Event()
        self.outcomes: Counter[str] = Counter()
        self.pages: list[float] = []  # seconds

    def guess(self, number: int) -> None:
        """One password after another, from an address of its own."""
        visitor = Visitor(self.base, f"203.0.113.{number}")
        while not self.over.is_set():
            self.outcomes[visitor.log_in(self.name, f"heslo-{number}-{time.monotonic()}")] += 1

    def read_pages(self) -> None:
        """Open the page of the town again and again."""
        with client(self.base, "198.51.100.8") as http:
            while not self.over.wait(0.1):
                began = time.monotonic()
                if http.get(f"/{TOWN}/").is_success:
                    self.pages.append(time.monotonic() - began)


def _name_of(answer: httpx.Response) -> str:
    """The code of the problem, or that it went well."""
    if answer.is_success:
        return "ok"
    try:
        return str(answer.json()["code"])
    except (json.JSONDecodeError, KeyError):
        return str(answer.status_code)
