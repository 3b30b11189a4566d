"""The course of a simulated day: choose it, book, run the clock, play everybody, tidy up."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from prepazka.playday import citizens, clerks, html_reading, visit_plans
from prepazka.playday.http_clients import Browser, Net, Unreachable
from prepazka.playday.postman import Booked, book_all
from prepazka.playday.shared_state import Clock, Hall
from prepazka.playday.tally import Tally, count_table, summary_line
from prepazka.playday.visit_plans import Seat, Service, Span

BEFORE = timedelta(minutes=30)
AFTER = timedelta(minutes=90)
LINE_EVERY = 3.0  # seconds
SETTLES = 1.2  # seconds until all processes have seen a new clock
TOO_LATE = timedelta(minutes=30)  # before closing; too late to be called
GOES_ON = timedelta(days=2)  # the longest run that the page of the clock accepts


class CannotPlay(Exception):  # named by what happened
    """The day cannot be played; the message says why and what to do."""


@dataclass(frozen=True)
class Staff:
    """The log-ins of the demo."""

    clerks: Sequence[str]
    reception: str
    administrator: str
    password: str


@dataclass
class Play:
    """One run of the command."""

    net: Net
    slug: str
    speed: float
    minutes: float  # of real time; 0: the whole day
    seed: int
    staff: Staff
    admin: Browser
    from_now: bool = False  # from the demo's present time, beside a visitor who takes part
    others: list[frozenset[str]] = field(default_factory=list)  # services of the visitor's counters

    async def run(self) -> Tally:
        """Play the day; returns its counts."""
        services, days, zone = await self._office()
        await self._log_in(self.admin, self.staff.administrator)
        if not self.from_now:
            await self._set_clock(None)
        crew = await self._crew()
        counters = await self._counters(services, crew)
        covered = frozenset[str]().union(*counters.values(), *self.others)
        opened = await (self._rest_of_day(days) if self.from_now else self._choose_day(days))
        seats = await self._seats({c: s for c, s in services.items() if c in covered}, opened)
        booked = await book_all(self.net, self.slug, self.seed, seats)
        print(
            f"{opened[0][0]:%d. %m. %Y}: {len(booked)} of {len(seats)} slots booked over the API;"
            f" counters {', '.join(counters)}",
            flush=True,
        )
        desk = self.net.browser()
        await self._log_in(desk, self.staff.reception)
        start = opened[0][0] - BEFORE
        if self.from_now:
            start = max(start, await self._clock_time())
        try:
            clock = await self._set_clock(start, opened[-1][1] + AFTER)
            kiosk, code = await self._kiosk()
            hall = Hall(
                self.slug,
                self.seed,
                self.net,
                clock or Clock(start, 1),
                services,
                opened,
                kiosk,
                desk,
            )
            try:
                await self._play(hall, crew, counters, booked, zone)
            finally:
                if code and hall.kiosk:  # else another browser has it by now
                    await self.admin.post(f"/sprava/{self.slug}/zarizeni/{code}/odpojit/")
        finally:
            await self._leave_clock()
        return self.net.tally

    async def _office(self) -> tuple[dict[str, Service], dict[date, list[Span]], ZoneInfo]:
        answer = await self.net.browser().get(f"/api/v1/offices/{self.slug}")
        if answer.status_code != 200:  # noqa: PLR2004
            raise CannotPlay(f"There is no office {self.slug} at {self.net.base}.")
        office = answer.json()
        services = {
            service["code"]: Service(
                service["code"],
                service["name"].get("cs") or next(iter(service["name"].values()), ""),
                service["agenda"],
                service["duration_min"],
                service["bookable"],
                service["walk_in"],
            )
            for service in office["services"]
        }
        zone, days = ZoneInfo(office["timezone"]), dict[date, list[Span]]()
        for opening in office["hours"]:
            span = tuple(
                datetime.fromisoformat(opening[k]).astimezone(zone)
                for k in ("opens_at", "closes_at")
            )
            days.setdefault(span[0].date(), []).append((span[0], span[1]))
        return services, days, zone

    async def _log_in(self, browser: Browser, name: str) -> None:
        if not await clerks.log_in(browser, f"{name}.{self.slug}", self.staff.password):
            raise CannotPlay(
                f"The demo's log-in {name}.{self.slug} is not valid here;"
                " only an installation started as a demo can be played."
            )

    async def _set_clock(self, start: datetime | None, end: datetime | None = None) -> Clock | None:
        await self._clock_page()
        if start is None or end is None:
            await self.admin.post("/demo/hodiny/", {"stop": "1"})
            return None
        minutes = (end - start) / timedelta(minutes=1)
        form = {"from": start.isoformat(), "minutes": f"{minutes}", "speed": f"{self.speed}"}
        answer = await self.admin.post("/demo/hodiny/", form)
        if not answer.is_success:
            raise CannotPlay("The clock refused: the speed may be between 0 and 3600.")
        clock = Clock(start, self.speed)
        await asyncio.sleep(SETTLES)
        return clock

    async def _leave_clock(self) -> None:
        """Set the clock back to the real time, or to the ordinary pace from where it is."""
        if not self.from_now:
            await self._set_clock(None)
            return
        shown_at = await self._clock_time()
        minutes = f"{GOES_ON / timedelta(minutes=1)}"
        form = {"from": shown_at.isoformat(), "minutes": minutes, "speed": "1"}
        await self.admin.post("/demo/hodiny/", form)

    async def _clock_time(self) -> datetime:
        """The instant that the demo's clock shows, in UTC."""
        return html_reading.shown_time(await self._clock_page()).astimezone(UTC)

    async def _clock_page(self) -> str:
        page = await self.admin.get("/demo/hodiny/")
        if page.status_code != 200:  # noqa: PLR2004
            raise CannotPlay(f"{self.net.base} is no demo: its clock cannot be set.")
        return page.text

    async def _crew(self) -> list[Browser]:
        """The clerks' browsers, logged in; counters left open by an earlier run are closed."""
        crew: list[Browser] = []
        for name in self.staff.clerks:
            browser = self.net.browser()
            await self._log_in(browser, name)
            path = f"/pult/{self.slug}/"
            if (await browser.get(f"{path}nazivo/")).is_success:
                hall = Hall(
                    self.slug,
                    self.seed,
                    self.net,
                    Clock(await self._clock_time(), 1),
                    {},
                    [],
                    None,
                    browser,
                )
                await clerks.Clerk(hall, len(crew), "", browser).close()
            crew.append(browser)
        return crew

    async def _counters(
        self, services: Mapping[str, Service], crew: Sequence[Browser]
    ) -> dict[str, frozenset[str]]:
        codes = {service.name: service.code for service in services.values()}
        page = await crew[0].get(f"/pult/{self.slug}/")
        free = {
            code: frozenset(codes[name] for name in names if name in codes)
            for code, (is_free, names) in html_reading.counters(page.text).items()
            if is_free
        }
        if self.from_now:
            # One counter is left to the visitor where there are several; with none free the
            # visitor serves alone.
            self.others = [] if free else [frozenset(services)]
            return {
                c: free[c]
                for c in visit_plans.counters_to_open(free, min(len(crew), max(1, len(free) - 1)))
            }
        if not free:
            raise CannotPlay("No counter is free; close one in the console first.")
        return {code: free[code] for code in visit_plans.counters_to_open(free, len(crew))}

    async def _rest_of_day(self, days: Mapping[date, list[Span]]) -> list[Span]:
        """The rest of today's hours, or the next day's where that is too little."""
        now = await self._clock_time()
        for day in sorted(days):
            spans_left = [
                (max(start, now), end) for start, end in days[day] if end - now > TOO_LATE
            ]
            if spans_left:
                return spans_left
        raise CannotPlay("The office is closed for the coming two weeks.")

    async def _choose_day(self, days: Mapping[date, list[Span]]) -> list[Span]:
        """The next day that begins after now and was not yet played."""
        now = await self._clock_time()
        for day in sorted(days):
            start = days[day][0][0] - BEFORE
            if start <= now:
                continue
            # Looked at from the evening, because calls later than the clock are not shown.
            evening = days[day][-1][1] + AFTER
            await self._set_clock(evening, evening + timedelta(hours=1))
            try:
                calls_page = (await self.admin.get(f"/sprava/{self.slug}/volani/")).text
            finally:
                await self._set_clock(None)
            if (
                "<tbody>" not in calls_page
                or "<tr" not in calls_page.split("<tbody>")[1].split("</tbody>")[0]
            ):
                return days[day]
        raise CannotPlay("All open days of the coming two weeks have been played already.")

    async def _seats(self, services: Mapping[str, Service], opened: list[Span]) -> list[Seat]:
        day, browser = opened[0][0].date(), self.net.browser()
        free: dict[str, dict[str, list[Span]]] = {}
        for service in services.values():
            if not service.bookable:
                continue
            path = f"/offices/{self.slug}/services/{service.code}/slots"
            answer = (await browser.call("GET", path)).json()
            spans = [
                (datetime.fromisoformat(s["starts_at"]), datetime.fromisoformat(s["ends_at"]))
                for s in answer.get("slots", [])
            ]
            free.setdefault(service.agenda, {})[service.code] = [
                s for s in spans if s[0].date() == day
            ]
        return visit_plans.plan_booked_slots(self.seed, free)

    async def _kiosk(self) -> tuple[Browser | None, str]:
        """The browser and code of a free kiosk; (None, "") without one: people use the desk."""
        path = f"/sprava/{self.slug}/zarizeni/"
        kiosks = html_reading.kiosks((await self.admin.get(path)).text)
        code = next((code for code, is_paired in kiosks.items() if not is_paired), "")
        if not code:
            print(
                "The kiosk is paired with another browser; the virtual people go to the desk.",
                flush=True,
            )
            return None, ""
        pairing_code = html_reading.pairing_code((await self.admin.post(f"{path}{code}/kod/")).text)
        kiosk = self.net.browser()
        await kiosk.get("/kiosk/")
        await kiosk.post("/kiosk/parovani/", {"code": pairing_code})
        return kiosk, code

    async def _play(
        self,
        hall: Hall,
        crew: Sequence[Browser],
        counters: Mapping[str, frozenset[str]],
        booked: Sequence[Booked],
        zone: ZoneInfo,
    ) -> None:
        served = {code: s for code, s in hall.services.items() if s.walk_in}
        capacity = visit_plans.clients_per_hour([*counters.values(), *self.others], served.values())
        booked_per_service = {
            code: sum(b.seat.service == code for b in booked) for code in capacity
        }
        working = [
            clerks.Clerk(hall, n, counter, browser)
            for n, (counter, browser) in enumerate(zip(counters, crew, strict=False))
        ]
        people = [
            citizens.play_walk_in(hall, walk)
            for walk in visit_plans.plan_walk_ins(
                hall.seed, hall.opened, capacity, booked_per_service
            )
        ]
        people += [citizens.play_booked_client(hall, booking) for booking in booked]
        around = [asyncio.create_task(run_guarded(hall.tally, person)) for person in people]
        if not self.from_now:
            around.append(asyncio.create_task(_print_lines(hall, zone)))
        at_work = [
            asyncio.create_task(run_until_served(hall.tally, clerk.work)) for clerk in working
        ]
        closing = asyncio.create_task(hall.clock.until(hall.opened[-1][1]))
        around.append(closing)
        try:
            await _until_over(at_work or [closing], self.minutes)
        finally:
            for task in (*around, *at_work):
                task.cancel()
            await asyncio.gather(*around, *at_work, return_exceptions=True)
            await asyncio.gather(
                *(
                    run_guarded(hall.tally, clerk.close())
                    for clerk, task in zip(working, at_work, strict=True)
                    if task.cancelled()
                )
            )


async def run_guarded(tally: Tally, doing: Awaitable[None]) -> None:
    """Run one person; a failure is counted and stops nobody else."""
    try:
        await doing
    except Unreachable as lost:
        tally.refused(f"no answer: {lost}")
    except Exception as error:  # noqa: BLE001  # any failure is counted in the table
        tally.broken(f"the driver: {type(error).__name__}: {error}")


async def run_until_served(tally: Tally, work: Callable[[], Awaitable[None]]) -> None:
    """Run a clerk, starting again when the server answers again."""
    while True:
        try:
            await work()
            return
        except Unreachable as lost:
            tally.refused(f"no answer: {lost}")
            await asyncio.sleep(1)
        except Exception as error:  # noqa: BLE001  # see guarded
            tally.broken(f"the driver: {type(error).__name__}: {error}")
            await asyncio.sleep(1)


async def _print_lines(hall: Hall, zone: ZoneInfo) -> None:
    while True:
        await asyncio.sleep(LINE_EVERY)
        print(
            summary_line(hall.tally, hall.clock.now().astimezone(zone), hall.waiting()), flush=True
        )


async def _until_over(at_work: Sequence[asyncio.Task[None]], minutes: float) -> None:
    """Wait until all clerks have finished, the time is up, or somebody presses Ctrl-C."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, stopped.set)
    stop = asyncio.create_task(stopped.wait())
    everybody = asyncio.create_task(asyncio.wait(at_work))
    await asyncio.wait(
        (stop, everybody), timeout=minutes * 60 or None, return_when=asyncio.FIRST_COMPLETED
    )
    stop.cancel()
    everybody.cancel()
    if stopped.is_set():
        print("\nStopping …", flush=True)


async def play(
    *,
    url: str,
    slug: str,
    speed: float,
    minutes: float,
    seed: int,
    staff: Staff,
    from_now: bool = False,
) -> int:
    """Play a day and print its counts; returns 0 if nothing broke."""
    net = Net(url, Tally())
    try:
        play = Play(net, slug, speed, minutes, seed, staff, net.browser(), from_now)
        tally = await play.run()
    except CannotPlay as why:
        print(why, file=sys.stderr)
        return 1
    except Unreachable:
        print(f"Nothing responds at {url}. Start the program first: prepazka run", file=sys.stderr)
        return 1
    finally:
        await net.close()
    print(
        count_table(tally), file=sys.stderr if tally.faults and from_now else sys.stdout, flush=True
    )
    return 1 if tally.faults else 0
