"""The staff of an office: adding, changing and removing members, passwords, second factors.

Every change locks the office and then the account, so that of two administrators at once the
second decides on what the first has done.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from prepazka.accounts import one_time, second_factor_removal, sessions, tokens
from prepazka.accounts.models import ApiToken, User
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.journal.statements import lock_name
from prepazka.offices import log_ins
from prepazka.offices.models import Membership, Office, Official, Role

# Without 0/O, 1/l/I: the password is read off a screen and typed once.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class NameTaken(Refused):
    """Another user has the log-in name; choose another, or let the operator add that user."""

    message = gettext_noop(
        "This log-in name is already taken. Please choose another one. If it belongs to "
        "the same person, who works in another office, the operator of the installation "
        "adds them with the command “prepazka staff”."
    )


class AlreadyHere(Refused):
    """The user is already a member of staff of this office; change that membership instead."""

    message = gettext_noop("%(name)s already works in this office and uses this log-in name.")


class NoLongerHere(Refused):
    """The membership was removed before; reload the list."""

    message = gettext_noop("This person no longer works in this office.")


class NotYourself(Refused):
    """Members of staff cannot change their own role or membership; another administrator must."""

    message = gettext_noop(
        "You cannot change your own role or remove yourself; another administrator can."
    )


class NotYourOwnFactor(Refused):
    """Administrators cannot reset their own second factor here; the account's page replaces it."""

    message = gettext_noop(
        "You cannot reset your own second factor. Another administrator can, or you can "
        "replace it in your account."
    )


class LastAdministrator(Refused):
    """The change would leave the office without an administrator; appoint another one first."""

    message = gettext_noop(
        "This is the last administrator of the office. Make somebody else an administrator first."
    )


class WorksElsewhere(Refused):
    """Another office employs the user too, so no single office may reset the password."""

    message = gettext_noop(
        "This person also works in another office, so the operator of the installation "
        "sets the password."
    )


class NoSecondFactor(Refused):
    """The user has no second factor to reset."""

    message = gettext_noop(
        "This person logs in without a second factor, so there is nothing to reset."
    )


class OtherAdministrator(Refused):
    """The actor does not administer all the user's offices; one of `people` has to do it."""

    message = gettext_noop(
        "This person also works in another office (%(offices)s). Only an administrator of "
        "all their offices can reset the second factor: %(people)s."
    )


class AccessElsewhere(Refused):
    """The actor does not administer all the user's offices, so cannot end their log-ins."""

    message = gettext_noop(
        "This person also works in another office (%(offices)s). Only an administrator of "
        "all their offices can see and end their log-ins and keys; they can do so "
        "themselves in their account."
    )


class OnlyTheOperator(Refused):
    """Nobody administers all the user's offices; only the operator's command resets the factor."""

    message = gettext_noop(
        "This person also works in another office (%(offices)s), and nobody else is an "
        "administrator of all their offices. The installation's operator resets the second factor "
        "with the command “prepazka second-factor %(username)s”."
    )


@dataclass(frozen=True)
class Added:
    """Somebody who now works in the office.

    `password` is kept nowhere else, and empty where the account keeps the one it had; `returned`
    says that the account had been switched off and is on again.
    """

    member: Membership
    password: str
    returned: bool


def one_time_password() -> str:
    """A random password of sixteen characters in groups of four: about 80 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


@transaction.atomic
def add_staff(
    *, office: Office, username: str, name: str, role: Role, actor: int, now: datetime
) -> Added:
    """Add somebody to the staff, or take back a person whom this office was the last to remove.

    Whoever returns gets a new password and has no second factor and no API token, so that
    nothing they had before opens the account. Raises AlreadyHere, and NameTaken: an account of
    another office is never taken over by its name.
    """
    user = _lock_name(username)
    if user and (existing := Membership.objects.filter(office=office, user=user).first()):
        raise AlreadyHere(name=existing.name)
    if user and not (is_switched_off(user) and _last_office(user) == office.pk):
        raise NameTaken
    password, returned = one_time_password(), user is not None
    user = user or User(username=username)
    _give_access(user, password, must_change=True, returned=returned, now=now)
    member = _join(office, user, name, role, actor=actor, now=now)
    return Added(member, password, returned)


@transaction.atomic
def add_by_operator(
    *,
    office: Office,
    username: str,
    name: str,
    role: Role,
    password: str,
    own_password: bool = False,
    now: datetime,
) -> Added:
    """Add anybody whom the installation's operator names, whichever office they come from.

    The password is a one-time one unless it is `own_password`, chosen by the person themselves.
    An account in use keeps its password, and `password` may be empty. One that is switched off
    is on again as by add_staff. Raises AlreadyHere, and NameTaken where a password is needed and
    there is none.
    """
    user = _lock_name(username)
    if user and (existing := Membership.objects.filter(office=office, user=user).first()):
        raise AlreadyHere(name=existing.name)
    if user and user.is_active:
        return Added(_join(office, user, name, role, actor=None, now=now), "", returned=False)
    if not password:
        raise NameTaken
    returned = user is not None
    user = user or User(username=username)
    _give_access(user, password, must_change=not own_password, returned=returned, now=now)
    return Added(_join(office, user, name, role, actor=None, now=now), password, returned)


def is_switched_off(user: User) -> bool:
    """Whether the account was switched off when its last office removed the person."""
    return not user.is_active and not user.memberships.exists()


def _give_access(
    user: User, password: str, *, must_change: bool, returned: bool, now: datetime
) -> None:
    if must_change:
        one_time.set_one_time_password(user, password, now=now)
    else:
        user.set_password(password)
        one_time.mark_password_own(user)
    user.is_active = True
    user.second_factor_reset_at = user.second_factor_reset_by = None
    user.save()
    if returned:
        second_factor_removal.remove_second_factor(user)
        _end_access(user, now=now)


def _end_access(user: User, *, now: datetime) -> None:
    """End the sessions and the programs' keys that the old password opened."""
    sessions.end_sessions(user)
    tokens.end_tokens(user=user.pk, now=now)


def _join(
    office: Office, user: User, name: str, role: Role, *, actor: int | None, now: datetime
) -> Membership:
    member = Membership.objects.create(office=office, user=user, role=role, name=name)
    record(events.StaffChanged(office=office.pk, at=now, actor=actor, user=user.pk, role=role))
    return member


def _last_office(user: User) -> int | None:
    """The office that was the last to remove the person; None if the journal does not say."""
    changes = Event.objects.filter(
        # The index of the journal begins with the office.
        office__in=Office.objects.values("pk"),
        kind=events.StaffChanged.__name__,
        data__user=user.pk,
    )
    latest = changes.order_by("-id").first()
    return latest.office if latest and not latest.data.get("role") else None


@transaction.atomic
def rename_staff(*, member: Membership, name: str, actor: int, now: datetime) -> None:
    """Correct the name by which colleagues read of the person. Raises NoLongerHere.

    The name of an official is a separate one: citizens read it, and it is in the office file.
    """
    locked = _lock(member)
    if locked.name != name:
        locked.name = name
        locked.save(update_fields=["name"])
        record(
            events.StaffRenamed(office=locked.office_id, at=now, actor=actor, user=locked.user_id)
        )


@transaction.atomic
def change_role(*, member: Membership, role: Role, actor: int, now: datetime) -> None:
    """Give the member another role. Raises NotYourself, NoLongerHere, LastAdministrator."""
    _not_own(member, actor)
    locked = _lock(member)
    if locked.role == role:
        return
    _keep_an_administrator(locked)
    locked.role = role
    locked.save(update_fields=["role"])
    record(
        events.StaffChanged(
            office=locked.office_id, at=now, actor=actor, user=locked.user_id, role=role
        )
    )


@transaction.atomic
def set_may_declare(*, member: Membership, may: bool, actor: int, now: datetime) -> None:
    """Give or take the right to declare that a system is down. May be repeated."""
    changed = Membership.objects.filter(pk=member.pk).exclude(may_declare=may)
    if changed.update(may_declare=may):
        record(
            events.StaffChanged(
                office=member.office_id,
                at=now,
                actor=actor,
                user=member.user_id,
                role=member.role,
            )
        )


@transaction.atomic
def remove_staff(*, member: Membership, actor: int, now: datetime) -> None:
    """Remove the member from the office; who is in no other office cannot log in any more.

    Raises NotYourself, NoLongerHere, LastAdministrator.
    """
    _not_own(member, actor)
    locked = _lock(member)
    _keep_an_administrator(locked)
    user, office = locked.user, locked.office_id
    for official in Official.objects.filter(office=office, user=user):
        link_official(official=official, member=None, actor=actor, now=now)
    locked.delete()
    if not user.memberships.exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
    record(events.StaffChanged(office=office, at=now, actor=actor, user=user.pk))


@transaction.atomic
def give_password(*, member: Membership, actor: int, now: datetime) -> str:
    """A new one-time password for somebody who has lost theirs.

    Only for people of this office alone, because the password opens their other offices too.
    Raises NotYourself, NoLongerHere, WorksElsewhere.
    """
    _not_own(member, actor)
    locked = _lock(member)
    if locked.user.memberships.exclude(office=locked.office_id).exists():
        raise WorksElsewhere
    password = one_time_password()
    _give_password(locked.user, password, actor=actor, now=now)
    return password


@transaction.atomic
def give_password_by_operator(*, username: str, now: datetime) -> str:
    """A new one-time password for anybody who can log in. Raises User.DoesNotExist."""
    user = User.objects.select_for_update(no_key=True).get(username=username, is_active=True)
    password = one_time_password()
    _give_password(user, password, actor=None, now=now)
    return password


def _give_password(user: User, password: str, *, actor: int | None, now: datetime) -> None:
    one_time.set_one_time_password(user, password, now=now)
    user.save(update_fields=one_time.FIELDS)
    _end_access(user, now=now)
    for office in user.memberships.order_by("office").values_list("office", flat=True):
        record(events.PasswordGiven(office=office, at=now, actor=actor, user=user.pk))


@transaction.atomic
def reset_second_factor(*, member: Membership, actor: int, now: datetime) -> None:
    """Let somebody who has lost their second factor log in by the password alone.

    Deletes the TOTP secret and the recovery codes, ends the sessions, and keeps a notice for the
    person. Only an administrator of every office where the person works may do it; each of them
    has the event. Raises NotYourOwnFactor, NoLongerHere, NoSecondFactor, OtherAdministrator,
    OnlyTheOperator.
    """
    if member.user_id == actor:
        raise NotYourOwnFactor
    locked = _lock(member)
    _must_administer_all(locked, actor)
    _reset(locked.user, actor=actor, now=now)


@transaction.atomic
def reset_by_operator(*, username: str, now: datetime) -> None:
    """Reset the second factor of anybody. Raises User.DoesNotExist, NoSecondFactor."""
    user = User.objects.select_for_update(no_key=True).get(username=username)
    _reset(user, actor=None, now=now)


@dataclass(frozen=True)
class Access:
    """Sessions of a person, and the keys with which programs act for them."""

    sessions: list[sessions.OpenSession]
    tokens: list[ApiToken]


def access_of(member: Membership, *, actor: int, now: datetime) -> Access:
    """Sessions and keys of the member, for an administrator of every office where they work.

    Raises AccessElsewhere.
    """
    _must_reach_all(member, actor)
    return access_of_user(member.user_id, now=now)


def access_of_user(user: int, *, now: datetime, present: str = "") -> Access:
    """Sessions and keys of the person; `present` is the key of the session that asks."""
    return Access(sessions.open_sessions(user, present=present), tokens.live_tokens(user, now=now))


@transaction.atomic
def end_session(*, member: Membership, session_id: int, actor: int, now: datetime) -> None:
    """Log the member out of one browser. Raises as access_of. May be repeated."""
    locked = _lock(member)
    _must_reach_all(locked, actor)
    log_ins.end_session(user=locked.user_id, session_id=session_id, actor=actor, now=now)


@transaction.atomic
def end_token(*, member: Membership, token_id: int, actor: int, now: datetime) -> None:
    """Revoke a program's key. Raises as access_of. May be repeated."""
    locked = _lock(member)
    _must_reach_all(locked, actor)
    log_ins.end_token(user=locked.user_id, token_id=token_id, actor=actor, now=now)


def _reset(user: User, *, actor: int | None, now: datetime) -> None:
    if not second_factor_removal.remove_second_factor(user):
        raise NoSecondFactor
    second_factor_removal.note_second_factor_reset(user, by=actor, now=now)
    sessions.end_sessions(user)
    for office in user.memberships.order_by("office").values_list("office", flat=True):
        record(events.SecondFactorReset(office=office, at=now, actor=actor, user=user.pk))


def _must_reach_all(member: Membership, actor: int) -> None:
    """Refuse an actor who does not administer all offices of the person, nor is the person.

    Raises AccessElsewhere.
    """
    other_memberships = Membership.objects.filter(user=member.user_id).exclude(
        office=member.office_id
    )
    elsewhere = set(other_memberships.values_list("office", flat=True))
    administered = Membership.objects.filter(
        user=actor, office__in=elsewhere, role=Role.ADMINISTRATOR
    ).count()
    if member.user_id != actor and administered < len(elsewhere):
        names = Office.objects.filter(pk__in=elsewhere).order_by("pk")
        raise AccessElsewhere(offices=", ".join(str(office.name) for office in names))


def _must_administer_all(member: Membership, actor: int) -> None:
    """Refuse an actor who does not administer all offices of the person.

    Raises OtherAdministrator with those who do, OnlyTheOperator where nobody does.
    """
    offices = set(member.user.memberships.values_list("office", flat=True))
    administered: dict[int, set[int]] = {}
    names: dict[int, str] = {}
    for row in Membership.objects.filter(
        office__in=offices, role=Role.ADMINISTRATOR, user__is_active=True
    ).order_by("office"):
        administered.setdefault(row.user_id, set()).add(row.office_id)
        names.setdefault(row.user_id, row.name)
    if administered.get(actor) == offices:
        return
    elsewhere = Office.objects.filter(pk__in=offices - {member.office_id}).order_by("pk")
    office_names = ", ".join(str(office.name) for office in elsewhere)
    administrators = [
        names[user]
        for user, administered_offices in administered.items()
        if administered_offices == offices and user != member.user_id
    ]
    if administrators:
        raise OtherAdministrator(offices=office_names, people=", ".join(sorted(administrators)))
    raise OnlyTheOperator(offices=office_names, username=member.user.username)


@transaction.atomic
def link_official(
    *, official: Official, member: Membership | None, actor: int, now: datetime
) -> None:
    """Let one account look after the official's diary, or none. May be repeated."""
    # The office's row is locked first, as everywhere where its version rises.
    office = Office.objects.select_for_update(no_key=True).get(pk=official.office_id)
    user = member.user_id if member else None
    if Official.objects.filter(pk=official.pk, user=user).exists():
        return
    Official.objects.filter(pk=official.pk).update(user=user)
    Office.objects.filter(pk=office.pk).update(version=F("version") + 1)
    record(
        events.OfficialLinked(
            office=office.pk, at=now, actor=actor, official=official.pk, user=user
        )
    )


def _lock_name(username: str) -> User | None:
    """The account of that name, locked; whoever adds the same name meanwhile waits."""
    lock_name(f"staff:{username.lower()}")
    rows = User.objects.select_for_update(no_key=True)
    return rows.filter(username__iexact=username).first()


def _lock(member: Membership) -> Membership:
    """The membership as it is now, under the locks of its office and its account."""
    Office.objects.select_for_update(no_key=True).get(pk=member.office_id)
    user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
    locked = Membership.objects.filter(pk=member.pk).first()
    if locked is None:
        raise NoLongerHere
    locked.user = user
    return locked


def _keep_an_administrator(member: Membership) -> None:
    """Refuse to take away the office's last administrator. Raises LastAdministrator."""
    other_administrators = Membership.objects.filter(
        office=member.office_id, role=Role.ADMINISTRATOR, user__is_active=True
    ).exclude(pk=member.pk)
    if member.role == Role.ADMINISTRATOR and not other_administrators.exists():
        raise LastAdministrator


def _not_own(member: Membership, actor: int) -> None:
    if member.user_id == actor:
        raise NotYourself
