"""Events of an account, recorded in the journal of every office where its person works.

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
from prepazka.offices import required_steps
from prepazka.offices.models import Membership

log = logging.getLogger(__name__)
# Fewer wrong passwords than this are taken for typing errors of the person.
WORTH_TELLING = 5


@transaction.atomic
def note_log_in(*, user: int, factor: bool, now: datetime) -> None:
    """Record a log-in; clears the count of wrong passwords if it is below WORTH_TELLING."""
    _record(user, lambda o: events.LoggedIn(office=o, at=now, actor=user, user=user, factor=factor))
    slips = User.objects.filter(pk=user, wrong_passwords__lt=WORTH_TELLING)
    slips.exclude(wrong_passwords=0).update(wrong_passwords=0, wrong_passwords_since=None)


@transaction.atomic
def note_failure(*, username: str, attempt: Attempt, now: datetime, factor: bool = False) -> None:
    """Record a wrong password, or with `factor` a wrong code, and the delay that it brings.

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
    """Record a log-out."""
    _record(user, lambda o: events.LoggedOut(office=o, at=now, actor=user, user=user))


@transaction.atomic
def note_password_changed(*, user: int, session: str, now: datetime) -> None:
    """Record that the person has changed their own password in that session.

    Ends their other sessions, and the keys of programs made under the old password.
    """
    _record(user, lambda o: events.PasswordChanged(office=o, at=now, actor=user, user=user))
    sessions.end_sessions(User.objects.get(pk=user), but=session)
    if tokens.end_tokens(user=user, now=now):
        _record(user, lambda o: events.TokenEnded(office=o, at=now, actor=user, user=user))


@transaction.atomic
def end_session(*, user: int, session_id: int, actor: int, now: datetime) -> None:
    """Log the person out of one browser. May be repeated."""
    if sessions.end_session(user=user, session_id=session_id):
        _record(user, lambda o: events.SessionEnded(office=o, at=now, actor=actor, user=user))


@transaction.atomic
def end_other_sessions(*, user: int, session: str, now: datetime) -> None:
    """Log the person out of every browser but that of the session."""
    if sessions.end_sessions(User.objects.get(pk=user), but=session):
        _record(user, lambda o: events.SessionEnded(office=o, at=now, actor=user, user=user))


@transaction.atomic
def end_token(*, user: int, token_id: int, actor: int, now: datetime) -> None:
    """Revoke a program's key. May be repeated."""
    if tokens.end_tokens(user=user, token_id=token_id, now=now):
        _record(user, lambda o: events.TokenEnded(office=o, at=now, actor=actor, user=user))


@transaction.atomic
def note_second_factor(*, user: int, removed: bool, now: datetime) -> None:
    """Record that the person has set up a second factor or removed it."""
    _record(
        user,
        lambda o: events.SecondFactorSet(office=o, at=now, actor=user, user=user, removed=removed),
    )


@transaction.atomic
def note_recovery_codes(*, user: int, now: datetime) -> None:
    """Record that the person has made new recovery codes."""
    _record(user, lambda o: events.RecoveryCodesMade(office=o, at=now, actor=user, user=user))


@transaction.atomic
def make_token(*, user: User, name: str, lasts: timedelta, now: datetime) -> tuple[str, bool]:
    """Make a program's key for the operator; returns it and whether the person must allow it.

    They must where a role of theirs requires a second factor, so that the operator alone cannot
    open the account.
    """
    waits = required_steps.factor_required(user.pk)
    token = tokens.make_token(user=user, name=name, lasts=lasts, waits=waits, now=now)
    note_token(user=user.pk, revoked=False, now=now)
    return token, waits


@transaction.atomic
def allow_token(*, user: int, token_id: int, now: datetime) -> None:
    """Allow a key, by the word of its person, to act for them. May be repeated."""
    if tokens.allow_token(user=user, token_id=token_id):
        _record(user, lambda o: events.TokenAllowed(office=o, at=now, actor=user, user=user))


@transaction.atomic
def note_token(*, user: int, revoked: bool, now: datetime) -> None:
    """Record that the operator has made or revoked a program's key for the account."""
    _record(user, lambda o: events.TokenMade(office=o, at=now, user=user, revoked=revoked))


def acknowledge_wrong_passwords(*, user: int) -> None:
    """Note that the person has read of the wrong passwords. May be repeated."""
    User.objects.filter(pk=user).update(wrong_passwords=0, wrong_passwords_since=None)


def accounts_with_wrong_passwords(office: int) -> list[Membership]:
    """Colleagues at whose accounts wrong passwords were entered, until the colleague has read of it."""
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
