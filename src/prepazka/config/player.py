"""Plays a day of a demo office when its start page asks for one: a thread of the supervisor."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading

from django.db import DatabaseError, InterfaceError, connection

from prepazka.offices import clock, demo_play
from prepazka.offices.models import DemoPlay

log = logging.getLogger(__name__)

LOOKS_EVERY = 0.5  # seconds
LEAVES_WITHIN = 12.0  # seconds for the people to close counters, before the process is killed


class Player:
    """Starts `prepazka play-day` when visitors ask, and ends it when they or the server do."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.alone = False  # no other supervisor plays days on this database
        self.child: subprocess.Popen[bytes] | None = None
        self.thread = threading.Thread(target=self._run, name="player")

    def start(self) -> None:
        """Start the thread that looks for what visitors ask."""
        self.thread.start()

    def join(self) -> None:
        """Wait until the people have left; they need the web for it, so it ends after them."""
        self.thread.join()

    def _run(self) -> None:
        while not self.stopping.wait(LOOKS_EVERY):
            try:
                self.look()
            except (DatabaseError, InterfaceError) as error:
                # The web shows it, too; the next look makes a new connection.
                log.warning("The start page's play button waits for the database: %s", error)
                self.alone = False
                connection.close()
                self.stopping.wait(2.0)
        self._leave()
        connection.close()

    def look(self) -> None:
        """Look once at what is asked for, and start or end the day accordingly."""
        if not self.alone:
            self.alone = demo_play.become_supervisor()
        elif self.child is None:
            if day := demo_play.claim_play():
                self.child = _begin(day)
        elif (code := self.child.poll()) is not None:
            self._end_child()
            _tidy_up(failed=code != 0)
        elif demo_play.is_stopping():
            self._end_child()
            _tidy_up(failed=False)

    def _leave(self) -> None:
        if self.child is None:
            return
        try:
            demo_play.request_stop()
            self._end_child()
            _tidy_up(failed=False)
        except (DatabaseError, InterfaceError) as error:
            log.warning("The end of the played day could not be noted: %s", error)
        finally:
            self._end_child()

    def _end_child(self) -> None:
        child, self.child = self.child, None
        if child is None:
            return
        with child:  # closes its input and waits for it
            child.send_signal(signal.SIGTERM)  # nothing, where it has ended
            try:
                child.wait(LEAVES_WITHIN)
            except subprocess.TimeoutExpired:
                child.kill()


def _begin(day: DemoPlay) -> subprocess.Popen[bytes]:
    print(f"Virtual people come to the office {day.office.slug}.", flush=True)
    arguments = ["play-day", day.office.slug, "--from-now", "--speed", str(day.speed)]
    arguments += ["--url", os.environ["PREPAZKA_URL"]]
    # It ends when its input does, so also when this process is killed.
    return subprocess.Popen(
        [sys.executable, "-m", "prepazka.config.cli", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # the start page shows the state; errors go to stderr
        start_new_session=True,
    )


def _tidy_up(*, failed: bool) -> None:
    """Note the end of the day, and let the clock go on at the ordinary pace."""
    clock.slow_down()
    demo_play.end_play(failed=failed)
