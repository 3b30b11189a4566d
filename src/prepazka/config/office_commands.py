"""The commands about offices: check, load and export a file, add staff, pair a device."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING

from prepazka.config.env import env_bool
from prepazka.officefile import presets
from prepazka.officefile.check import check as check_text
from prepazka.officefile.file_plan import OfficePlan
from prepazka.officefile.meetings_off import refuse_meetings
from prepazka.officefile.nodes import WrongFile
from prepazka.officefile.quota_effect import quota_warnings

if TYPE_CHECKING:
    # Models can be imported only once Django is set up.
    from prepazka.officefile.conflicts import Conflict
    from prepazka.offices.models import Office

Command = Callable[[argparse.Namespace], int]


class Stopped(Exception):
    """The command cannot do its work; the message says why."""


def _command(run: Callable[[argparse.Namespace], None]) -> Command:
    """A command that prints what stopped it and returns exit code 1."""

    @wraps(run)
    def wrapped(arguments: argparse.Namespace) -> int:
        try:
            run(arguments)
        except WrongFile as error:
            for problem in error.problems:
                print(f"{arguments.file}: {problem}", file=sys.stderr)
            return 1
        except (Stopped, presets.NoSuchFile) as error:
            print(error, file=sys.stderr)
            return 1
        return 0

    return wrapped


@_command
def check(arguments: argparse.Namespace) -> None:
    """Check an office file and print its problems; needs no database."""
    text = presets.text_of(arguments.file)
    plan = check_text(text, presets.folder_of(arguments.file))
    if not env_bool("PREPAZKA_MEETINGS", default=True):
        refuse_meetings(text)
    services = list(plan.services())
    print(
        f"{arguments.file}: valid. Office {plan.slug}: agendas {len(plan.agendas)}, "
        f"services {len(services)}, counters {len(plan.counters)}, devices {len(plan.devices)}."
    )
    _warn(arguments.file, plan)


def _warn(file: str, plan: OfficePlan) -> None:
    for line in quota_warnings(plan):
        print(f"{file}: warning: {line}", file=sys.stderr)


@_command
def load(arguments: argparse.Namespace) -> None:
    """Load an office file; refused while live visits would no longer fit, unless accepted."""
    text = presets.text_of(arguments.file)
    folder = presets.folder_of(arguments.file)
    _warn(arguments.file, check_text(text, folder))
    from prepazka.officefile.office_loading import LoadRefused  # noqa: PLC0415  # needs Django
    from prepazka.officefile.office_loading import load as load_text  # noqa: PLC0415
    from prepazka.offices import clock  # noqa: PLC0415

    accept = bool(getattr(arguments, "accept_conflicts", False))
    try:
        report = load_text(text, now=clock.now(), accept_conflicts=accept, folder=folder)
    except LoadRefused as refusal:
        raise Stopped(
            f"Nothing was changed. Bookings and tickets that would no longer fit ({len(refusal.conflicts)}):\n"
            f"{_listed(refusal.conflicts)}\n"
            "Move or cancel them first, or load with --accept-conflicts to keep them as they are."
        ) from refusal
    print(f"Office {report.office.slug} is loaded, version {report.office.version}.")
    for change in ("created", "changed", "retired"):
        if names := getattr(report, change):
            print(f"  {change}: {', '.join(names)}")
    if report.conflicts:
        print(f"Kept although they no longer fit ({len(report.conflicts)}):")
        print(_listed(report.conflicts))


def _listed(conflicts: list[Conflict]) -> str:
    return "\n".join(f"  {conflict}" for conflict in conflicts)


@_command
def export(arguments: argparse.Namespace) -> None:
    """Write the office file to standard output."""
    from prepazka.officefile.office_export import export as export_text  # noqa: PLC0415

    sys.stdout.write(export_text(_office(arguments.office)))


@_command
def staff(arguments: argparse.Namespace) -> None:
    """Add a member of staff, also one of another office, or one who was removed."""
    from django.core.exceptions import ValidationError  # noqa: PLC0415

    from prepazka.accounts.models import User  # noqa: PLC0415
    from prepazka.core.refusal import Refused  # noqa: PLC0415
    from prepazka.offices import clock  # noqa: PLC0415
    from prepazka.offices import staff as offices_staff  # noqa: PLC0415
    from prepazka.offices.models import Membership, Role  # noqa: PLC0415

    office = _office(arguments.office)
    if arguments.role not in Role.values:
        raise Stopped(
            f'"{arguments.role}" is not a role; expected one of: {", ".join(Role.values)}.'
        )
    user = User.objects.filter(username__iexact=arguments.username).first()
    if user and Membership.objects.filter(office=office, user=user).exists():
        raise Stopped(f'"{user.username}" already works in the office {office.slug}.')
    if user and not (user.is_active or offices_staff.is_switched_off(user)):
        raise Stopped(f'"{user.username}" works in another office, and the account is disabled.')
    try:
        Membership(role=arguments.role, name=arguments.name).clean_fields(["office", "user"])
        added = offices_staff.add_by_operator(
            office=office,
            username=arguments.username,
            name=arguments.name,
            role=Role(arguments.role),
            password="" if user and user.is_active else _new_password(arguments.username),
            own_password=arguments.own_password,
            now=clock.now(),
        )
    except ValidationError as error:
        raise Stopped("\n".join(error.messages)) from error
    except Refused as refusal:  # somebody else has just added them
        raise Stopped(str(refusal)) from refusal
    username = added.member.user.username
    print(f"{arguments.name} ({username}) is {arguments.role} in the office {office.slug}.")
    if added.returned:
        print(
            "The account was disabled and is now enabled, with this password. Its second"
            " factor and API tokens were removed."
        )
    if not added.password:
        print("The account existed already and keeps its password.")
    elif not arguments.own_password:
        print(
            "The password is valid for one log-in within a day; then the person chooses their own."
        )


def _new_password(username: str) -> str:
    from django.contrib.auth.password_validation import validate_password  # noqa: PLC0415

    from prepazka.accounts.models import User  # noqa: PLC0415

    user = User(username=username)
    user.clean_fields(["password"])
    password = os.environ.get("PREPAZKA_PASSWORD") or _asked_password()
    validate_password(password, user)
    return password


def _asked_password() -> str:
    if not sys.stdin.isatty():
        raise Stopped("The password cannot be asked for without a terminal; set PREPAZKA_PASSWORD.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != password:
        raise Stopped("The two passwords differ.")
    return password


@_command
def password(arguments: argparse.Namespace) -> None:
    """Print a one-time password for somebody who has lost theirs."""
    from prepazka.accounts.models import User  # noqa: PLC0415
    from prepazka.offices import clock  # noqa: PLC0415
    from prepazka.offices.staff import give_password_by_operator  # noqa: PLC0415

    try:
        one_time_password = give_password_by_operator(username=arguments.username, now=clock.now())
    except User.DoesNotExist:
        raise Stopped(f'There is no active member of staff "{arguments.username}".') from None
    print(one_time_password)
    print(
        "It is valid for one log-in within a day; then the person chooses their own.",
        file=sys.stderr,
    )


@_command
def second_factor(arguments: argparse.Namespace) -> None:
    """Reset the second factor of somebody for whom no administrator may do it."""
    from prepazka.accounts.models import User  # noqa: PLC0415
    from prepazka.core.refusal import Refused  # noqa: PLC0415
    from prepazka.offices import clock  # noqa: PLC0415
    from prepazka.offices.staff import reset_by_operator  # noqa: PLC0415

    try:
        reset_by_operator(username=arguments.username, now=clock.now())
    except User.DoesNotExist:
        raise Stopped(f'There is no member of staff "{arguments.username}".') from None
    except Refused as refusal:
        raise Stopped(str(refusal)) from refusal
    print(
        f'"{arguments.username}" now logs in with the password only, is logged out everywhere, '
        "and is told about it at the next log-in."
    )


@_command
def seal_secrets(arguments: argparse.Namespace) -> None:
    """Seal the secrets of second factors now, and reseal those sealed by an earlier key."""
    from prepazka.accounts import sealing  # noqa: PLC0415

    try:
        print(f"Sealed: {sealing.end_sealing_delay()}")
    except sealing.SecretsUnreadable as error:
        raise Stopped(str(error)) from None


@_command
def token(arguments: argparse.Namespace) -> None:
    """Print a token with which a program acts for a member of staff, or revoke its tokens."""
    from prepazka.accounts.models import ApiToken, User  # noqa: PLC0415
    from prepazka.accounts.tokens import revoke_tokens  # noqa: PLC0415
    from prepazka.offices import clock, log_ins  # noqa: PLC0415

    user = User.objects.filter(username=arguments.username, is_active=True).first()
    if user is None:
        raise Stopped(f'There is no active member of staff "{arguments.username}".')
    longest = ApiToken._meta.get_field("name").max_length or 0
    if len(arguments.program) > longest:
        raise Stopped(f"The name of the program is too long; it may have {longest} characters.")
    now = clock.now()
    if not arguments.revoke:
        lasts = timedelta(days=arguments.days)
        api_token, waits = log_ins.make_token(
            user=user, name=arguments.program, lasts=lasts, now=now
        )
        print(api_token)
        print(
            f"It expires on {now + lasts:%Y-%m-%d}, or when the password is changed.",
            file=sys.stderr,
        )
        if waits:
            print(
                "A role of this person requires a second factor, so the token gives no access until"
                " they allow it in their account (Přihlášení a klíče).",
                file=sys.stderr,
            )
        return
    revoked = revoke_tokens(user=user, name=arguments.program, now=now)
    if revoked:
        log_ins.note_token(user=user.pk, revoked=True, now=now)
    print(f"Revoked: {revoked}")


@_command
def pair(arguments: argparse.Namespace) -> None:
    """Print a one-time code for a kiosk or a display."""
    from prepazka.offices import clock  # noqa: PLC0415
    from prepazka.offices.devices import make_pairing_code  # noqa: PLC0415
    from prepazka.offices.models import Device  # noqa: PLC0415

    office = _office(arguments.office)
    devices = Device.objects.filter(office=office, retired=False)
    device = devices.filter(code=arguments.device).first()
    if device is None:
        codes = ", ".join(devices.values_list("code", flat=True)) or "none"
        raise Stopped(f'The office has no device "{arguments.device}"; it has: {codes}.')
    print(make_pairing_code(device=device, now=clock.now()))


def _office(slug: str) -> Office:
    from prepazka.offices.models import Office  # noqa: PLC0415

    office = Office.objects.filter(slug=slug).first()
    if office is None:
        slugs = ", ".join(Office.objects.order_by("slug").values_list("slug", flat=True)) or "none"
        raise Stopped(f'There is no office "{slug}"; there are: {slugs}.')
    return office
