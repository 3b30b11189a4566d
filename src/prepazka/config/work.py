"""The worker's process: runs jobs until stopped, and restarts itself after losing the database.

The library's worker stops when it loses the database, and may hang for ever while it does. Only a
fresh process is certain to work, so the program replaces itself by one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time

import psycopg
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from prepazka.config.meetings_switch import check_meetings_switch
from prepazka.edge.hot_routes import conninfo
from prepazka.gateways.sms.smpp_receiver import receive_messages
from prepazka.jobs.queue import Manager
from prepazka.messaging.message_types import Incoming, Receipt
from prepazka.offices.clock import now
from prepazka.web.inbound_sms import process_callback

log = logging.getLogger(__name__)

CONCURRENCY = 4
LOOK_EVERY = 2.0  # seconds between checks of the connection to the database
ANSWERS_WITHIN = 10.0
STOPS_WITHIN = 10.0  # for the jobs that run; the supervisor waits a little longer


def work() -> None:
    """Run jobs until SIGTERM or Ctrl-C."""
    _await_database()
    check_meetings_switch()
    asyncio.run(_work())


def start_sms_receiver(stop: threading.Event) -> threading.Thread | None:
    """Start listening to the message centre, where short messages are sent by SMPP."""
    if settings.SMS_GATEWAY != "smpp":
        return None

    def act(notification: Receipt | Incoming) -> None:
        try:
            process_callback([notification], gateway="smpp", now=now())
        finally:
            connection.close()

    thread = threading.Thread(
        target=receive_messages, args=(act,), kwargs={"stop": stop}, daemon=True
    )
    thread.start()
    return thread


def _await_database() -> None:
    """Wait until the database answers, however long that takes."""
    warned = False
    while True:
        try:
            psycopg.connect(conninfo(), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if not warned:
                log.warning("The worker waits for the database: %s", error)
            warned = True
            time.sleep(1.0)
        else:
            return


async def _work() -> None:
    stop_requested = asyncio.Event()
    start_sms_receiver(threading.Event())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    tasks = [
        asyncio.create_task(coroutine)
        for coroutine in (_run_jobs(), _until_lost(), stop_requested.wait())
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if not stop_requested.is_set():
        _replace_process()
    tasks[0].cancel()  # the library then lets the running jobs finish
    await asyncio.wait(tasks[:1], timeout=STOPS_WITHIN)
    if not tasks[0].done():
        log.warning("Jobs still ran when the worker had to stop; they start again later.")
        os._exit(1)
    tasks[1].cancel()


async def _run_jobs() -> None:
    with app.replace_connector(app.connector.get_worker_connector()) as ours:  # type: ignore[attr-defined]
        ours.job_manager = Manager(ours.connector)
        async with app.open_async():
            await app.run_worker_async(
                concurrency=CONCURRENCY, delete_jobs="successful", install_signal_handlers=False
            )


async def _until_lost() -> None:
    """Return when the database closes a connection, or does not answer on it."""
    try:
        async with await psycopg.AsyncConnection.connect(
            conninfo(), autocommit=True, connect_timeout=5
        ) as canary:
            while True:
                await asyncio.wait_for(canary.execute("SELECT 1"), ANSWERS_WITHIN)
                await asyncio.sleep(LOOK_EVERY)
    except (psycopg.Error, OSError) as error:
        log.warning("The worker lost the database and begins anew: %s", error)


def _replace_process() -> None:
    # The jobs that ran are started again: their transactions ended with the connection.
    os.execv(sys.executable, [sys.executable, "-m", "prepazka.config.cli", "worker"])  # noqa: S606  # no shell
