"""The worker's steps as a test runs them: at the moment it says, and none may fail."""

from __future__ import annotations

from datetime import datetime

from prepazka.jobs import periodic_steps
from prepazka.journal.models import StepRun


def run(*names: str, now: datetime) -> None:
    """Run these steps, daily ones also where they have run since last night."""
    for name in names:
        failed = periodic_steps.run_if_due(periodic_steps.STEPS[name], now=now, even_if_done=True)
        assert not failed, list(StepRun.objects.exclude(failures=0).values())


def tidy(*, now: datetime) -> None:
    days = ("expire_claims", "mark_no_shows", "end_missed", "close_yesterday")
    run(*days, "close_forgotten", "settle_meetings", now=now)


def offer_places(*, now: datetime) -> None:
    run("offer_places", now=now)


def follow_offers(*, now: datetime) -> None:
    run("follow_offers", now=now)


def remind(*, now: datetime) -> None:
    run("remind", now=now)


def judge_waits(*, now: datetime) -> None:
    run("judge_waits", now=now)


def stop_tickets(*, now: datetime) -> None:
    run("stop_tickets", now=now)


def warn_of_incidents(*, now: datetime) -> None:
    run("warn_of_incidents", now=now)


def tell_near(*, now: datetime) -> None:
    run("tell_near", now=now)


def keep_history(*, now: datetime) -> None:
    run("keep_history", now=now)


def learn(*, now: datetime) -> None:
    run("measure", "learn", "forget_quarters", now=now)


def purge(*, now: datetime) -> None:
    daily = ("erase", "erase_papers", "compare_papers", "print_lost_minutes")
    run(*daily, "forget_alerts", "forget_replies", "clear_sessions", now=now)
