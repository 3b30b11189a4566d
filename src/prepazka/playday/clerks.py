"""Virtual clerks: log in, open a counter, call, serve, have lunch, close when nobody waits."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from random import Random

import httpx

from prepazka.playday import html_reading, visit_plans
from prepazka.playday.html_reading import Board
from prepazka.playday.http_clients import Browser
from prepazka.playday.shared_state import Hall
from prepazka.playday.tally import Visit

STAYS = timedelta(minutes=75)  # the longest after closing
LOOKS = 0.08  # the least seconds of real time between two looks at the board


async def log_in(browser: Browser, login: str, password: str) -> bool:
    """Log in; returns whether the log-in and the password were right."""
    await browser.get("/ucet/login/")
    answer = await browser.post("/ucet/login/", {"login": login, "password": password})
    return answer.is_success and "/ucet/login" not in str(answer.url)


class Clerk:
    """One clerk at one counter."""

    def __init__(self, hall: Hall, number: int, counter: str, browser: Browser) -> None:
        self.hall, self.number, self.counter, self.browser = hall, number, counter, browser
        self.path = f"/pult/{hall.slug}/"
        self.chance: Random = visit_plans.random_of_person(hall.seed, "clerk", number)
        self.lunch = visit_plans.lunch_break(hall.opened, number)
        self.pressing: asyncio.Task[httpx.Response] | None = None

    async def work(self) -> None:
        """Work the whole day."""
        hall, closing = self.hall, self.hall.opened[-1][1]
        await hall.clock.until(hall.opened[0][0] - timedelta(minutes=3))
        await self.browser.get(self.path)
        await self._press("otevrit/", {"counter": self.counter})
        await hall.clock.until(hall.opened[0][0])
        while True:
            board = await self.look()
            now = hall.clock.now()
            if board.label:
                await self._serve(board)
            elif self.lunch and now >= self.lunch[0]:
                await self._break(self.lunch[1])
                self.lunch = None
            elif board.can_next and now < closing + STAYS:
                await self._call()
            elif now >= closing:
                await self.close()
                return
            elif (until := self._closed_until()) is not None:
                await self._break(until)
            else:
                await self._idle()

    def _closed_until(self) -> datetime | None:
        now = self.hall.clock.now()
        if any(start <= now < end for start, end in self.hall.opened):
            return None
        return next((start for start, _ in self.hall.opened if start > now), None)

    async def _idle(self) -> None:
        # Look more often while people wait, as the real screen does after an event.
        pause = 20 / self.hall.clock.speed if self.hall.waiting() else 60 / self.hall.clock.speed
        await asyncio.sleep(min(2.0, max(LOOKS, pause)))

    async def look(self) -> Board:
        """The console's board now."""
        answer = await self.browser.get(f"{self.path}nazivo/")
        return html_reading.board(answer.text)

    async def step(self, name: str, board: Board | None = None, **form: str) -> Board:
        """Press a button of the console; returns the board after it."""
        query = f"?t={board.ticket}" if board and board.ticket else ""
        answer = await self._press(f"krok/{name}/{query}", form, fragment=True)
        board_after = html_reading.board(answer.text)
        if answer.is_success and not board_after.refusal:
            self.hall.tally.steps[name] += 1
        else:
            why = (
                board_after.refusal
                or f"{answer.status_code} {html_reading.page_heading(answer.text)}"
            )
            self.hall.tally.refused(f"console, {name}: {why}")
        return board_after

    async def _press(self, path: str, form: dict[str, str], **options: bool) -> httpx.Response:
        """Post a form; the request goes on even if the clerk is stopped before the answer."""
        self.pressing = asyncio.create_task(
            self.browser.post(f"{self.path}{path}", form, **options)
        )
        return await asyncio.shield(self.pressing)

    async def _break(self, until: datetime) -> None:
        await self.step("pause")
        await self.hall.clock.until(until)
        await self.step("resume")

    async def _call(self) -> None:
        board = await self.step("next")
        if board.label:
            await self._serve(board)

    async def _serve(self, board: Board) -> None:
        hall, clock = self.hall, self.hall.clock
        visit = await self._visit_of(board.label)
        if board.called:
            if visit is None or not visit.present:
                await self._absent(board, visit)
                return
            if visit.called_at is None:
                visit.called_at = clock.now()
            await clock.minutes(hall.natures[board.label].to_counter)
            board = await self.step("start", board)
        kind = hall.natures.get(board.label)
        turns = kind.turns if kind else "served"
        if turns != "served" and await self._send_away(board, turns):
            return
        await clock.minutes(kind.minutes if kind else 2.0)
        after = await self.step("finish", board)
        if visit and not after.refusal:
            visit.ended = "served"

    async def _visit_of(self, label: str) -> Visit | None:
        """The visit with the label; waits a while, as the kiosk's answer may be under way."""
        for _ in range(20):
            if label in self.hall.visits:
                break
            await asyncio.sleep(0.1)
        return self.hall.visits.get(label)

    async def _send_away(self, board: Board, turns: str) -> bool:
        """Park or transfer the client once; the next time they are served. Whether they left."""
        kind = self.hall.natures[board.label]
        await self.hall.clock.minutes(kind.minutes / 3)
        self.hall.natures[board.label] = visit_plans.remaining_visit(kind)
        if turns == "parked":
            after = await self.step("park", board, minutes="10")
        elif board.targets:
            after = await self.step("transfer", board, to=self.chance.choice(board.targets))
        else:
            return False
        return not after.refusal and after.label != board.label

    async def _absent(self, board: Board, visit: Visit | None) -> None:
        if visit and visit.called_at is None:
            visit.called_at = self.hall.clock.now()
        await self.hall.clock.minutes(1)
        board = await self.step("recall", board)
        await self.hall.clock.minutes(1)
        await self.step("absent", board)
        if visit:
            visit.ended = "absent"

    async def close(self) -> None:
        """Close the counter; a client who is there is finished first."""
        if self.pressing:  # a client whom this request calls would keep the counter open
            await asyncio.wait([self.pressing])
        board = await self.look()
        if board.label:
            if board.called:
                board = await self.step("start", board)
            await self.step("finish", board)
        await self.step("close", sure="1")  # people who still wait are left, as at closing time
