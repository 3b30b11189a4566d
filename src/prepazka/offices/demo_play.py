"""The played day of a demo: asked for by visitors, carried out by the supervisor of `prepazka run`.

One row holds the request and its state. Web processes and the supervisor change it under its
lock, so a second press starts nothing.
"""

from __future__ import annotations

from django.db import connection, transaction

from prepazka.offices.models import DemoPlay, DemoPlayState, Office

LOCK_SUPERVISOR = "SELECT pg_try_advisory_lock(%s)"

ROW = 1
SUPERVISOR = 7_307_733  # key of the advisory lock of the one supervisor that plays days


def current_play() -> DemoPlay | None:
    """The day that is being played, or else the one played last; None before the first."""
    return DemoPlay.objects.select_related("office").first()


@transaction.atomic
def request_play(*, office: Office, speed: float) -> bool:
    """Ask for a day of the office; False while one is already played or about to be."""
    fields = {"office": office, "speed": speed, "state": DemoPlayState.ASKED}
    _, created = DemoPlay.objects.get_or_create(pk=ROW, defaults=fields)
    if created:
        return True
    row = _locked()
    if row is None or row.is_active:
        return False
    DemoPlay.objects.filter(pk=ROW).update(**fields)
    return True


@transaction.atomic
def request_stop() -> None:
    """Ask that the virtual people leave. May be repeated."""
    row = _locked()
    if row and row.is_active:
        # A day that has not begun has no people who would have to leave first.
        state = (
            DemoPlayState.STOPPED if row.state == DemoPlayState.ASKED else DemoPlayState.STOPPING
        )
        DemoPlay.objects.filter(pk=ROW).update(state=state)


@transaction.atomic
def claim_play() -> DemoPlay | None:
    """Claim the day that was asked for, which the caller now plays; None if there is none."""
    row = _locked()
    if row is None or row.state != DemoPlayState.ASKED:
        return None
    DemoPlay.objects.filter(pk=ROW).update(state=DemoPlayState.RUNNING)
    return current_play()


def is_stopping() -> bool:
    """Whether somebody asked that the virtual people leave."""
    return DemoPlay.objects.filter(pk=ROW, state=DemoPlayState.STOPPING).exists()


@transaction.atomic
def end_play(*, failed: bool) -> None:
    """Note that the day is over: played to its end, stopped on request, or failed."""
    row = _locked()
    if row is None or not row.is_active:
        return
    unrequested = DemoPlayState.FAILED if failed else DemoPlayState.OVER
    state = DemoPlayState.STOPPED if row.state == DemoPlayState.STOPPING else unrequested
    DemoPlay.objects.filter(pk=ROW).update(state=state)


def become_supervisor() -> bool:
    """Whether this connection is now the only one that plays days, until it is closed.

    What an earlier supervisor played ended with it.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SUPERVISOR, [SUPERVISOR])
        alone = bool(cursor.fetchone()[0])
    if alone:
        active = (DemoPlayState.RUNNING, DemoPlayState.STOPPING)
        DemoPlay.objects.filter(state__in=active).update(state=DemoPlayState.STOPPED)
    return alone


def _locked() -> DemoPlay | None:
    return DemoPlay.objects.select_for_update(no_key=True).filter(pk=ROW).first()
