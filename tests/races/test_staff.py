"""Two administrators at once: one account, and the office keeps an administrator."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from prepazka.accounts.models import User
from prepazka.offices import staff
from prepazka.offices.models import Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)


def add_twice(where: OfficeSnapshot) -> list[Any]:
    return together(
        2,
        lambda number: staff.add_staff(
            office=where.row,
            username="mala",
            name=f"Eva Malá {number}",
            role=Role.CLERK,
            actor=0,
            now=town.at("9:00"),
        ),
    )


def removed_before(where: OfficeSnapshot) -> User:
    """Somebody whom this office has removed."""
    town.clerk(where, "spravce", "administrator")
    user = town.clerk(where, "mala")
    member = Membership.objects.get(user=user)
    staff.remove_staff(member=member, actor=0, now=town.at("8:00"))
    return user


@pytest.mark.parametrize("returning", [False, True])
def test_one_of_them_adds_and_the_other_is_told(returning: bool) -> None:  # noqa: FBT001
    where = town.office()
    if returning:
        removed_before(where)
    answers = add_twice(where)
    added = [one for one in answers if isinstance(one, staff.Added)]
    refused = [one for one in answers if isinstance(one, staff.AlreadyHere)]
    assert (len(added), len(refused)) == (1, 1), answers
    user = User.objects.get(username="mala")
    assert user.check_password(added[0].password), "the password that was shown opens it"
    assert Membership.objects.get(user=user).name == added[0].member.name


@pytest.mark.parametrize("returning", [False, True])
def test_control_without_the_lock_only_the_constraint_holds(
    monkeypatch: pytest.MonkeyPatch,
    returning: bool,  # noqa: FBT001
) -> None:
    where = town.office()
    if returning:
        removed_before(where)

    def unlocked(username: str) -> User | None:
        return User.objects.filter(username=username).first()

    monkeypatch.setattr(staff, "_lock_name", unlocked)
    met = meet_before(2, staff.one_time_password)
    monkeypatch.setattr(staff, "one_time_password", met)
    answers = add_twice(where)
    assert [type(one) for one in answers if isinstance(one, Exception)] == [IntegrityError]
    assert Membership.objects.filter(user__username="mala").count() == 1


def remove_each_other(where: OfficeSnapshot) -> list[Any]:
    users = [town.clerk(where, name, "administrator") for name in ("prvni", "druhy")]
    members = [Membership.objects.get(user=one) for one in users]

    def remove(number: int) -> None:
        other = members[1 - number]
        staff.remove_staff(member=other, actor=users[number].pk, now=town.at("9:00"))

    return together(2, remove)


def test_two_administrators_cannot_remove_each_other() -> None:
    where = town.office()
    answers = remove_each_other(where)
    assert [type(one) for one in answers if one] == [staff.LastAdministrator]
    assert Membership.objects.filter(role=Role.ADMINISTRATOR).count() == 1


def test_control_without_the_lock_nobody_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    where = town.office()
    monkeypatch.setattr(staff, "_lock", lambda member: member)
    look = meet_before(2, lambda: None)
    keep = staff._keep_an_administrator

    def looked(member: Membership) -> None:
        keep(member)
        look()

    monkeypatch.setattr(staff, "_keep_an_administrator", looked)
    assert remove_each_other(where) == [None, None]
    assert not Membership.objects.filter(role=Role.ADMINISTRATOR).exists()


def test_removed_by_two_offices_at_once_the_account_is_off() -> None:
    here, there = town.office(), town.office("horka")
    user = town.clerk(here, "mala")
    Membership.objects.create(office=there.row, user=user, role=Role.CLERK, name="Eva")
    members = list(Membership.objects.filter(user=user))
    answers = together(
        2,
        lambda number: staff.remove_staff(member=members[number], actor=0, now=town.at("9:00")),
    )
    assert answers == [None, None]
    user.refresh_from_db()
    assert not user.is_active


def test_pressed_twice_a_removal_is_one_event() -> None:
    where = town.office()
    user = town.clerk(where, "mala")
    member = Membership.objects.get(user=user)
    answers = together(2, lambda _: staff.remove_staff(member=member, actor=0, now=town.at("9:00")))
    assert [type(one) for one in answers if one] == [staff.NoLongerHere]
