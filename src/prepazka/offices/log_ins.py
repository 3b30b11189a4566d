"""What happens to an account, in the journal of every office where its person works.

A log line goes with each event, for the operator who looks for attacks across offices; it names
the account by its number, never by what was typed into the form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from prepazka.accounts import sessions, tokens
from prepazka.accounts.attempts import Attempt
from prepazka.accounts.models import User
from prepazka.core import events
from prepazka.core.events import Event
from prepazka.journal.record import record
from prepazka.offices import access
from prepazka.offices.models import Membership

log = logging.getLogger(__name__)
# Fewer wrong passwords than this are one's own slips, and no news.
WORTH_TELLING = 5


@transaction.atomic
def note_log_in(*, user: int, factor: bool, now: datetime) -> None:
    """Somebody has logged in. Slips before it are forgotten; what is worth telling stays."""
    _record(user, lambda o: events.LoggedIn(office=o, at=now, actor=user, user=user, factor=factor))
    slips = User.objects.filter(pk=user, wrong_passwords__lt=WORTH_TELLING)
    slips.exclude(wrong_passwords=0).update(wrong_passwords=0, wrong_passwords_since=None)


@transaction.atomic
def note_failure(*, username: str, attempt: Attempt, now: datetime, factor: bool = False) -> None:
    """A wrong password, or with `factor` a wrong code; from the delay on each failure is a delay.

    A name without an account leaves a log line only: it belongs to no office.
    """
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        log.warning("Log-in failed: no such account")
        return
    pk = user.pk
    if not factor:
        User.objects.filter(pk=pk).update(
            wrong_passwords=F("wrong_passwords") + 1,
            wrong_passwords_since=Coalesce("wrong_passwords_since", now),
        )
    _record(pk, lambda o: events.LogInFailed(office=o, at=now, user=pk, factor=factor))
    if attempt.delayed:
        failures = attempt.failures
        _record(pk, lambda o: events.LogInDelayed(office=o, at=now, user=pk, failures=failures))


@transaction.atomic
def note_log_out(*, user: int, now: datetime) -> None:
    """Somebody has logged out."""
    _record(user, lambda o: events.LoggedOut(office=o, at=now, actor=user, user=user))


@transaction.atomic
def note_password_changed(*, user: int, session: str, now: datetime) -> None:
    """Somebody has changed their own password in that session.

    Their other sessions end, and so do the keys of programs, made while the old one was good.
    """
    _record(user, lambda o: events.PasswordChanged(office=o, at=now, actor=user, user=user))
    sessions.end_sessions(User.objects.get(pk=user), but=session)
    if tokens.end_tokens(user=user, now=now):
        _record(user, lambda o: events.TokenEnded(office=o, at=now, actor=user, user=user))


@transaction.atomic
def end_session(*, user: int, which: int, actor: int, now: datetime) -> None:
    """Log the person out of one browser. Repeated, it changes nothing."""
    if sessions.end_session(user=user, which=which):
        _record(user, lambda o: events.SessionEnded(office=o, at=now, actor=actor, user=user))


@transaction.atomic
def end_other_sessions(*, user: int, session: str, now: datetime) -> None:
    """Log the person out of every browser but that of the session."""
    if sessions.end_sessions(User.objects.get(pk=user), but=session):
        _record(user, lambda o: events.SessionEnded(office=o, at=now, actor=user, user=user))


@transaction.atomic
def end_token(*, user: int, which: int, actor: int, now: datetime) -> None:
    """Let a program's key open nothing any more. Repeated, it changes nothing."""
    if tokens.end_tokens(user=user, which=which, now=now):
        _record(user, lambda o: events.TokenEnded(office=o, at=now, actor=actor, user=user))


@transaction.atomic
def note_second_factor(*, user: int, removed: bool, now: datetime) -> None:
    """Somebody has set up a second factor, or given up their own."""
    _record(
        user,
        lambda o: events.SecondFactorSet(office=o, at=now, actor=user, user=user, removed=removed),
    )


@transaction.atomic
def note_recovery_codes(*, user: int, now: datetime) -> None:
    """Somebody has made new recovery codes."""
    _record(user, lambda o: events.RecoveryCodesMade(office=o, at=now, actor=user, user=user))


@transaction.atomic
def make_token(*, user: User, name: str, lasts: timedelta, now: datetime) -> tuple[str, bool]:
    """A key of a program by a command of the operator, and whether it waits for the person.

    It waits where a role of theirs requires a second factor, so that it opens nothing by the
    operator's word alone.
    """
    waits = access.factor_required(user.pk)
    token = tokens.make_token(user=user, name=name, lasts=lasts, waits=waits, now=now)
    note_token(user=user.pk, revoked=False, now=now)
    return token, waits


@transaction.atomic
def allow_token(*, user: int, which: int, now: datetime) -> None:
    """The person lets a key of theirs open what they may. Repeated, it changes nothing."""
    if tokens.allow_token(user=user, which=which):
        _record(user, lambda o: events.TokenAllowed(office=o, at=now, actor=user, user=user))


@transaction.atomic
def note_token(*, user: int, revoked: bool, now: datetime) -> None:
    """A program got a key for the account, or lost it, by a command of the operator."""
    _record(user, lambda o: events.TokenMade(office=o, at=now, user=user, revoked=revoked))


def acknowledge_wrong_passwords(*, user: int) -> None:
    """The person has read of the wrong passwords. Repeated, it changes nothing."""
    User.objects.filter(pk=user).update(wrong_passwords=0, wrong_passwords_since=None)


def tried_accounts(office: int) -> list[Membership]:
    """Colleagues at whose accounts wrong passwords were entered, until they have read of it."""
    return list(
        Membership.objects.filter(office=office, user__wrong_passwords__gte=WORTH_TELLING)
        .select_related("user")
        .order_by("-user__wrong_passwords", "name")
    )


def _record(user: int, event_in: Callable[[int], Event]) -> None:
    offices = User.objects.get(pk=user).memberships.order_by("office")
    for office in offices.values_list("office", flat=True):
        event = event_in(office)
        record(event)
    log.info("%s of account %s", event_in(0).kind, user)
