"""Streams that are told in one go: a slow or a broken one keeps the news from nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prepazka.edge.hub import ALIVE, Hub, change_event

OFFICE = 1


class Reader:
    """The other end of a stream, which takes messages only while it reads."""

    def __init__(self, hub: Hub) -> None:
        self.reads, self.got = asyncio.Event(), list[bytes]()
        self.reads.set()
        self.line = hub.join(OFFICE, self.send)

    async def send(self, event: dict[str, Any]) -> None:
        await self.reads.wait()
        self.got.append(event["body"])


def run(story: Callable[[Hub], Awaitable[None]]) -> None:
    # A journey before may have left the loop of Playwright in this thread.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, story(Hub(""))).result(10)  # type: ignore[arg-type]


def news(hub: Hub, *topics: str) -> bytes:
    hub._changed(OFFICE, list(topics))
    return change_event(topics)


def test_all_are_told_before_anything_else_runs() -> None:
    async def story(hub: Hub) -> None:
        readers = [Reader(hub) for _ in range(3)]
        tasks = len(asyncio.all_tasks())
        said = news(hub, "queue")
        assert [one.got for one in readers] == [[said]] * 3
        assert len(asyncio.all_tasks()) == tasks

    run(story)


def test_who_reads_slowly_is_told_of_all_that_it_missed_at_once() -> None:
    async def story(hub: Hub) -> None:
        slow, other = Reader(hub), Reader(hub)
        slow.reads.clear()
        first = news(hub, "queue")
        for _ in range(100):
            news(hub, "queue")
            hub.publish(OFFICE, ALIVE)
        news(hub, "devices")
        assert (slow.got, slow.line.keeps_up, len(other.got)) == ([], False, 202)
        slow.reads.set()
        await asyncio.sleep(0.01)
        assert slow.got == [first, change_event(["devices", "queue"])]
        assert slow.line.keeps_up
        last = news(hub, "setup")
        assert slow.got[2:] == [last]

    run(story)


def test_a_broken_stream_keeps_the_news_from_nobody() -> None:
    async def broken(event: dict[str, Any]) -> None:
        raise RuntimeError(event)

    async def story(hub: Hub) -> None:
        hub.join(OFFICE, broken)
        readers = [Reader(hub) for _ in range(20)]
        hub.join(OFFICE, broken)
        said = news(hub, "queue")
        assert [one.got for one in readers] == [[said]] * 20

    run(story)


def test_nothing_waits_for_a_reader_that_has_gone() -> None:
    async def story(hub: Hub) -> None:
        gone = Reader(hub)
        gone.reads.clear()
        before = asyncio.all_tasks()
        news(hub, "queue")
        await asyncio.sleep(0)
        assert asyncio.all_tasks() - before
        hub.part(OFFICE, gone.line)
        await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == before
        assert not hub._lines

    run(story)
