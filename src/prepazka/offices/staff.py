"""The staff of an office: who works there, in which role, with which first password."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F

from prepazka.accounts.models import User
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.models import Membership, Office, Official, Role

# Without 0/O, 1/l/I: the password is read off a screen and typed once.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class NameTaken(Refused):
    """Somebody already logs in by this name. Please choose another one."""


class NotYourself(Refused):
    """You cannot change your own role or remove yourself; another administrator can."""


def one_time_password() -> str:
    """Sixteen characters in groups of four: about 80 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


@transaction.atomic
def add_staff(
    *, office: Office, username: str, name: str, role: Role, actor: int, now: datetime
) -> tuple[Membership, str]:
    """Add somebody to the staff; answers with the password, which is kept nowhere else.

    Raises NameTaken: an account of another office is never taken over by its name.
    """
    if User.objects.filter(username__iexact=username).exists():
        raise NameTaken
    password = one_time_password()
    user = User.objects.create_user(username=username, password=password)
    user.must_change_password = True
    user.save(update_fields=["must_change_password"])
    member = Membership.objects.create(office=office, user=user, role=role, name=name)
    record(events.StaffChanged(office=office.pk, at=now, actor=actor, user=user.pk, role=role))
    return member, password


@transaction.atomic
def change_role(*, member: Membership, role: Role, actor: int, now: datetime) -> None:
    """Give another role. Raises NotYourself."""
    _not_own(member, actor)
    if member.role != role:
        member.role = role
        member.save(update_fields=["role"])
        record(
            events.StaffChanged(
                office=member.office_id, at=now, actor=actor, user=member.user_id, role=role
            )
        )


@transaction.atomic
def let_declare(*, member: Membership, may: bool, actor: int, now: datetime) -> None:
    """Give the right to say that a system is down, or take it. Repeated, it changes nothing."""
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
    """Take away the access to the office; who is in no other office cannot log in any more.

    Raises NotYourself.
    """
    _not_own(member, actor)
    user, office = member.user, member.office_id
    for official in Official.objects.filter(office=office, user=user):
        link_official(official=official, member=None, actor=actor, now=now)
    member.delete()
    if not user.memberships.exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
    record(events.StaffChanged(office=office, at=now, actor=actor, user=user.pk))


@transaction.atomic
def give_password(*, member: Membership, actor: int, now: datetime) -> str:
    """A new one-time password for somebody who has lost theirs. Raises NotYourself.

    Only for people of this office alone: another office's people are not ours to let in.
    """
    _not_own(member, actor)
    if member.user.memberships.exclude(office=member.office_id).exists():
        raise WorksElsewhere
    password = one_time_password()
    member.user.set_password(password)
    member.user.must_change_password = True
    member.user.save(update_fields=["password", "must_change_password"])
    record(events.PasswordGiven(office=member.office_id, at=now, actor=actor, user=member.user_id))
    return password


@transaction.atomic
def link_official(
    *, official: Official, member: Membership | None, actor: int, now: datetime
) -> None:
    """Let one account look after the official's diary, or none. Repeated, it changes nothing."""
    # The office's row first, as whenever its version rises.
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


class WorksElsewhere(Refused):
    """This person works in another office too, so the installation's operator gives the password."""


def _not_own(member: Membership, actor: int) -> None:
    if member.user_id == actor:
        raise NotYourself
