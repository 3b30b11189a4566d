"""Citizens, kiosks and clerks that go on through every fault, and what they were answered.

A request without an answer, or answered 503, is repeated with the same key until it is answered;
what was answered 2xx is acknowledged and must be in the database, once.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from faults.mail import CONFIRM, PERSONAL, Letter, Sink
from faults.names import OFFICE, SERVICES

CITIZENS = 3
ANSWERED_WITHIN = 180.0  # seconds after which a request is given up as never answered
ONE_REQUEST = 30.0
AGAIN_AFTER = (0.05, 0.25)
REPEATED = 0.06  # of the acknowledged requests are sent once more, to see that nothing doubles
CANCELLED = 0.12  # of the confirmed bookings
POLITE = 503
EXPECTED_REFUSALS = {404, 409, 410}  # slot taken, nobody waits, already ended


@dataclass
class Ledger:
    """What the clients were answered, by all threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    answered: Counter[str] = field(default_factory=Counter)  # kind of request
    repeated: int = 0  # requests sent again, because no answer came or it was 503
    without_answer: int = 0
    polite: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    impolite: list[str] = field(default_factory=list)  # 500 and the like
    unexpected: list[str] = field(default_factory=list)  # refusals that nobody expects
    never_answered: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)  # a repeat answered something else
    slowest: float = 0.0
    # When the attempts that were acknowledged began and ended, by time.monotonic().
    good_times: list[tuple[float, float]] = field(default_factory=list)
    # Acknowledged, by kind of step: what it concerned.
    holds: dict[UUID, str] = field(default_factory=dict)  # key: token
    contacts: dict[UUID, str] = field(default_factory=dict)  # key of the hold: state
    confirmed: set[str] = field(default_factory=set)  # bookings
    cancelled: set[str] = field(default_factory=set)
    tickets: dict[UUID, tuple[str, str]] = field(default_factory=dict)  # touch: code, number
    called: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))  # ticket: keys
    started: set[int] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)
    touches: set[UUID] = field(default_factory=set)  # all that were ever sent
    keys: set[UUID] = field(default_factory=set)
    crashes: list[BaseException] = field(default_factory=list)

    @property
    def good(self) -> int:
        """How many requests were acknowledged."""
        return self.answered.total()

    def note(self, kind: str, began: float) -> None:
        """Note a request that was acknowledged at an attempt that began then."""
        with self.lock:
            self.answered[kind] += 1
            self.good_times.append((began, time.monotonic()))

    def first_good_since(self, moment: float) -> float | None:
        """When a request was first acknowledged that was sent after the moment."""
        with self.lock:
            return min((end for began, end in self.good_times if began > moment), default=None)


class Client:
    """One client's connection, and its patience."""

    def __init__(
        self,
        base: str,
        ledger: Ledger,
        token: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Accept-Language": "cs", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.http = httpx.Client(
            base_url=base, timeout=ONE_REQUEST, headers=headers, transport=transport
        )
        self.ledger = ledger
        self.began = 0.0  # of the last attempt

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        key: UUID | None = None,
        body: dict[str, Any] | None = None,
        same: Callable[[Any], Any] = lambda answer: answer,
    ) -> httpx.Response | None:
        """The final answer to a request that is repeated until there is one; None: there was none.

        `same` takes from the answer what must be alike when the request is repeated.
        """
        answer = self._until_answered(kind, method, path, key, body)
        if answer is None or not answer.is_success:
            return answer
        self.ledger.note(kind, self.began)
        if random.random() < REPEATED:
            again = self._until_answered(kind, method, path, key, body)
            if again is not None and (
                not again.is_success or same(again.json()) != same(answer.json())
            ):
                self.ledger.differing.append(f"{kind}: {answer.text[:200]} / {again.text[:200]}")
        return answer

    def _until_answered(
        self, kind: str, method: str, path: str, key: UUID | None, body: dict[str, Any] | None
    ) -> httpx.Response | None:
        headers = {"Idempotency-Key": str(key)} if key else {}
        began = time.monotonic()
        while time.monotonic() - began < ANSWERED_WITHIN:
            answer = self._once(method, path, headers, body)
            if answer is not None and answer.status_code < 500:
                self._note_refusal(kind, answer)
                return answer
            with self.ledger.lock:
                self.ledger.repeated += 1
                if answer is None:
                    self.ledger.without_answer += 1
                elif answer.status_code == POLITE:
                    self.ledger.polite += 1
                else:
                    self.ledger.impolite.append(f"{kind} {answer.status_code}: {answer.text[:300]}")
            time.sleep(random.uniform(*AGAIN_AFTER))
        self.ledger.never_answered.append(f"{kind} {path}")
        return None

    def _once(
        self, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response | None:
        began = self.began = time.monotonic()
        try:
            return self.http.request(method, path, headers=headers, json=body)
        except httpx.TransportError:
            return None
        finally:
            took = time.monotonic() - began
            with self.ledger.lock:
                self.ledger.slowest = max(self.ledger.slowest, took)

    def _note_refusal(self, kind: str, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        code = str(answer.json().get("code", "")) if "json" in _type(answer) else ""
        with self.ledger.lock:
            self.ledger.refused[f"{kind} {answer.status_code} {code}"] += 1
            if answer.status_code not in EXPECTED_REFUSALS:
                self.ledger.unexpected.append(f"{kind} {answer.status_code}: {answer.text[:300]}")


def _type(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", ""))


class Load:
    """All clients of a campaign, each a thread; `base` is what they connect to, by `transport`."""

    def __init__(
        self,
        base: str,
        tokens: dict[str, list[str]],
        sink: Sink,
        *,
        pause: float = 0.25,
        transport: Callable[[], httpx.BaseTransport | None] = lambda: None,
    ) -> None:
        self.base, self.tokens, self.sink, self.pause = base, tokens, sink, pause
        self.transport = transport
        self.ledger = Ledger()
        self.stopping = threading.Event()
        self.threads: list[threading.Thread] = []
        self.reader = threading.Thread(target=self._guard, args=(self._read_mail,), daemon=True)
        self.mail_read = threading.Event()
        self.address: Callable[[int, int], str] = lambda citizen, count: (
            f"obcan{citizen}-{count}@example.cz"
        )
        self.read = 0  # mails whose links were followed

    def start(self) -> None:
        """Let everybody come."""
        starts = self._open_slots()
        work: list[Callable[[], None]] = [
            lambda n=n: self._citizen(n, starts)  # type: ignore[misc]
            for n in range(CITIZENS)
        ]
        work += [lambda t=token: self._kiosk(t) for token in self.tokens["kiosks"]]  # type: ignore[misc]
        work += [lambda t=token: self._clerk(t) for token in self.tokens["clerks"]]  # type: ignore[misc]
        self.threads = [
            threading.Thread(target=self._guard, args=(one,), daemon=True) for one in work
        ]
        for thread in [*self.threads, self.reader]:
            thread.start()

    def stop(self) -> None:
        """Begin nothing new, and wait until what was begun is answered."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(ANSWERED_WITHIN + ONE_REQUEST)

    @property
    def has_read_all(self) -> bool:
        """Whether the links of all mails that came were followed."""
        return self.read == len(self.sink.letters) or not self.reader.is_alive()

    def finish(self) -> None:
        """Stop reading mails, too."""
        self.stop()
        self.mail_read.set()
        self.reader.join(ANSWERED_WITHIN + ONE_REQUEST)
        if self.ledger.crashes:
            raise ExceptionGroup("clients broke", list(self.ledger.crashes))  # type: ignore[type-var]

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # raised by `finish`
            self.ledger.crashes.append(error)

    def _client(self, token: str = "") -> Client:
        return Client(self.base, self.ledger, token, self.transport())

    def _open_slots(self) -> list[str]:
        """Free slots of the first service, in the order of time."""
        # The deprecated address, because the release before has no other.
        path = f"{self.base}/api/v1/offices/{OFFICE}/services/{SERVICES[0]}/terms"
        with httpx.Client(transport=self.transport(), timeout=60) as http:
            slots = http.get(path).json()["terms"]
        return [str(slot["starts_at"]) for slot in slots]

    def _citizen(self, number: int, starts: list[str]) -> None:
        """Hold a slot, give the contact; all citizens go the same way, so they collide."""
        client = self._client()
        for count, start in enumerate(starts[40:]):
            if self.stopping.is_set():
                return
            key, service = uuid4(), SERVICES[count % len(SERVICES)]
            self.ledger.keys.add(key)
            wanted = {"service": service, "starts_at": start, "language": "cs"}
            held = client.ask(
                "hold",
                "POST",
                f"/api/v1/offices/{OFFICE}/holds",
                key=key,
                body=wanted,
                same=lambda answer: answer["token"],
            )
            if held is None or not held.is_success:
                continue
            token = held.json()["token"]
            self.ledger.holds[key] = token
            contact = {
                "name": f"Jana {number}",
                "email": self.address(number, count),
            }
            told = client.ask(
                "contact",
                "POST",
                f"/api/v1/holds/{token}/contact",
                body=contact,
                same=lambda answer: answer["state"],
            )
            if told is not None and told.is_success:
                self.ledger.contacts[key] = told.json()["state"]
            time.sleep(self.pause)

    def _kiosk(self, token: str) -> None:
        client = self._client(token)
        while not self.stopping.is_set():
            touch = uuid4()
            self.ledger.touches.add(touch)
            answer = client.ask(
                "ticket",
                "POST",
                "/api/v1/kiosk/tickets",
                key=touch,
                body={"service": random.choice(SERVICES), "language": "cs"},
                same=lambda given: (given["code"], given["number"]),
            )
            if answer is not None and answer.is_success:
                given = answer.json()
                self.ledger.tickets[touch] = (given["code"], given["number"])
            time.sleep(self.pause)

    def _clerk(self, token: str) -> None:
        client = self._client(token)
        address = f"/api/v1/offices/{OFFICE}/counter"
        while not self.stopping.is_set():
            key = uuid4()
            answer = client.ask(
                "next",
                "POST",
                f"{address}/next",
                key=key,
                same=lambda shown: shown["client"] and shown["client"]["ticket"],
            )
            person = answer.json()["client"] if answer is not None and answer.is_success else None
            if person:
                ticket = int(person["ticket"])
                with self.ledger.lock:
                    self.ledger.called[ticket].append(str(key))
                for step, done in (
                    ("start", self.ledger.started),
                    ("finish", self.ledger.finished),
                ):
                    pressed = client.ask(step, "POST", f"{address}/{step}", key=uuid4())
                    if pressed is not None and pressed.is_success:
                        done.add(ticket)
            time.sleep(self.pause / 2)

    def _read_mail(self) -> None:
        """Click what the mails ask for, as their readers would; some then cancel."""
        client = self._client()
        while not self.mail_read.is_set():
            letters = self.sink.letters[self.read :]
            if not letters:
                time.sleep(0.05)
            for letter in letters:
                self._act_on(client, letter)
                self.read += 1

    def _act_on(self, client: Client, letter: Letter) -> None:
        if link := CONFIRM.search(letter.text):
            answer = client.ask("confirm", "POST", f"/api/v1/confirmations/{link[1]}")
            if answer is not None and answer.is_success:
                self.ledger.confirmed.add(letter.about)
        elif (link := PERSONAL.search(letter.text)) and random.random() < CANCELLED:
            answer = client.ask("cancel", "DELETE", f"/api/v1/bookings/{link[1]}")
            if answer is not None and answer.is_success:
                self.ledger.cancelled.add(letter.about)
