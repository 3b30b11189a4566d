"""Who attacks, and who wants to get something done meanwhile; each with an address of its own."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import altcha
import httpx

from attack.door import ATTACKERS, Door
from tests.shipped_proxy import HOST

TOWN, SERVICE = "touzim", "jednani"
EXTENDS_AFTER = 45.0  # seconds; the shortest hold lasts three minutes
PATIENCE = 3.0  # seconds that a refused robot waits
DELAYED = "Zkuste to prosím znovu za"
TOO_MANY, FORBIDDEN = 429, 403
OWN_PIN = "9876"  # of the guesser's own booking, tomorrow
PAUSED = "device_paused"
OWN_EVERY = 4  # guesses


def solved(task: dict[str, Any]) -> str:
    """The proof of work for the task, as a browser's script computes it; nothing if it takes too long."""
    challenge = altcha.Challenge.from_dict(task)
    solution = altcha.solve_challenge(challenge)
    if solution is None:  # many robots share the processor
        return ""
    return altcha.Payload(challenge, solution).to_base64()


@dataclass
class Person:
    """Somebody who takes times of the town by the API; robots never confirm any."""

    door: Door
    address: str
    answers: Counter[str] = field(default_factory=Counter)
    holds: dict[str, float] = field(default_factory=dict)  # token: when it was last extended

    def __post_init__(self) -> None:
        self.http = self.door.client(self.address)

    @property
    def is_refused(self) -> bool:
        """Whether a limit has told it that it has enough."""
        return any(name.startswith("too_many") for name in self.answers)

    def free_times(self) -> list[str]:
        """Starts of what can be booked."""
        answer = self.http.get(f"/api/v1/offices/{TOWN}/services/{SERVICE}/slots")
        return [slot["starts_at"] for slot in answer.json()["slots"]] if answer.is_success else []

    def take(self, starts_at: str) -> str:
        """Hold that time, with a proof of work where one is asked; the token, or nothing."""
        wanted = {"service": SERVICE, "starts_at": starts_at, "language": "cs"}
        asked = self.http.get(f"/api/v1/offices/{TOWN}/proof", params={"service": SERVICE}).json()
        if asked.get("asked"):
            wanted["proof"] = solved(asked["challenge"])
            if not wanted["proof"]:
                self.answers["gave up the proof of work"] += 1
                return ""
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

    def book(self, tries: int) -> float | None:
        """Hold a time and give the contact, as somebody in a hurry; the seconds, or None."""
        began = time.monotonic()
        for _ in range(tries):
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

    def __init__(self, door: Door, token: str) -> None:
        self.http = door.client(f"{ATTACKERS}.200", token)
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

    def __init__(self, door: Door, address: str) -> None:
        self.http = door.client(address)
        self.prefix = "__Host-" if door.proxy else ""  # of cookies

    def log_in(self, name: str, password: str) -> str:
        """in, wrong, or delayed."""
        page = self.http.get("/ucet/login/")
        token = self.http.cookies.get(f"{self.prefix}csrftoken", "")
        said = {"login": name, "password": password, "csrfmiddlewaretoken": token}
        answer = self.http.post("/ucet/login/", data=said, headers={"Referer": str(page.url)})
        if answer.is_redirect:
            return "in"
        if answer.status_code == FORBIDDEN:
            raise RuntimeError("the form of the log-in was refused")
        return "delayed" if DELAYED in answer.text.replace("\xa0", " ") else "wrong"

    def come_back(self) -> None:
        """Be somebody who has to log in again on the same device."""
        self.http.cookies.delete(f"{self.prefix}sessionid")


class Guessers:
    """Addresses that guess one name's password, and somebody who reads a page meanwhile."""

    def __init__(self, door: Door, name: str) -> None:
        self.door, self.name = door, name
        self.over = threading.Event()
        self.outcomes: Counter[str] = Counter()

    def guess(self, number: int) -> None:
        """One password after another, from an address of its own."""
        visitor = Visitor(self.door, f"{ATTACKERS}.{number}")
        while not self.over.is_set():
            self.outcomes[visitor.log_in(self.name, f"heslo-{number}-{time.monotonic()}")] += 1


class Reader:
    """Somebody who opens the page of the town again and again."""

    def __init__(self, door: Door, address: str) -> None:
        self.http = door.client(address)
        self.over = threading.Event()
        self.seconds: list[float] = []  # each page took
        self.failures: list[str] = []

    def read(self) -> None:
        """Go on until it is over."""
        while not self.over.wait(0.1):
            began = time.monotonic()
            answer = self.http.get(f"/{TOWN}/")
            if answer.is_success:
                self.seconds.append(time.monotonic() - began)
            else:
                self.failures.append(f"{answer.status_code}")


class Laggard:
    """Begins requests and never ends them, from one address."""

    HEAD = f"POST /{TOWN}/ HTTP/1.1\r\nHost: {HOST}\r\n"
    HALVES = (
        HEAD,
        f"{HEAD}Content-Length: 1000\r\n\r\nabc",
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    )

    def __init__(self, door: Door, address: str) -> None:
        self.began = time.monotonic()
        self.lines = [self._begin(door, address, half) for half in self.HALVES]
        self.lasted: list[float] = []  # seconds of each connection that was ended

    @staticmethod
    def _begin(door: Door, address: str, half: str) -> socket.socket:
        line = door.connection(address)
        line.sendall(half.encode())
        return line

    def wait(self, seconds: float) -> int:
        """Wait until all are ended from the other side, so long at most; how many were not."""
        ends = self.began + seconds
        for line in self.lines:
            with line:
                if self._is_ended(line, ends):
                    self.lasted.append(time.monotonic() - self.began)
        return len(self.lines) - len(self.lasted)

    @staticmethod
    def _is_ended(line: socket.socket, ends: float) -> bool:
        try:
            while (left := ends - time.monotonic()) > 0:
                line.settimeout(left)
                if not line.recv(65536):
                    return True
        except TimeoutError:
            return False
        except OSError:  # ended without a goodbye
            return True
        return False


def _name_of(answer: httpx.Response) -> str:
    """The code of the problem, or that it went well."""
    if answer.is_success:
        return "ok"
    try:
        return str(answer.json()["code"])
    except (json.JSONDecodeError, KeyError):
        return str(answer.status_code)
