"""The demo: loads the preset offices with fictitious staff, and lists their addresses."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from prepazka.accounts.models import User
from prepazka.officefile import presets
from prepazka.officefile.check import check
from prepazka.officefile.office_loading import load as load_office
from prepazka.offices import clock
from prepazka.offices.clock import now
from prepazka.offices.models import Device, Membership, Office, Official, Role
from prepazka.reporting.monitor import is_open
from prepazka.web.demo_installation import demo_offices, next_morning
from prepazka.web.demo_people import OFFICIAL, PASSWORD, STAFF

PRESETS = ("cesky-krumlov", "sumperk", "touzim", "praha-6", "liberec")


def load_presets() -> dict[str, str]:
    """Load missing presets and their staff; what was changed in existing ones stays.

    Returns the new passwords of a demo for the public, by log-in name: there every account gets
    one of its own, also one that has the published password from an earlier start.
    """
    for preset in PRESETS:
        text = presets.preset_text(preset)
        slug = check(text).slug
        with transaction.atomic():
            if not Office.objects.filter(slug=slug).exists():
                load_office(text, now=now(), demo=True)
            _hire(Office.objects.get(slug=slug))
    return _own_passwords() if settings.DEMO_PUBLIC else {}


def _own_passwords() -> dict[str, str]:
    """Give a random password to every account that still has the published one."""
    offices = Office.objects.filter(demo=True)
    published = cache(lambda encoded: check_password(PASSWORD, encoded))  # many have the same hash
    passwords: dict[str, str] = {}
    for user in User.objects.filter(memberships__office__in=offices).distinct():
        if published(user.password):
            passwords[user.username] = secrets.token_urlsafe(12)
            user.set_password(passwords[user.username])
            user.save(update_fields=["password"])
    return passwords


def move_to_next_morning(now: datetime) -> datetime | None:
    """Let the clock of a demo that begins outside office hours show the next working morning.

    Returns that morning; None, and leaves the clock alone, while any office is open.
    """
    offices = demo_offices()
    if any(is_open(office, now) for office in offices):
        return None
    morning = next_morning(offices, now)
    if morning:
        clock.move_to(morning)
    return morning


@cache
def _encoded() -> str:
    """Hash of the published password, made once: hashing is slow, and this one is no secret."""
    return make_password(PASSWORD)


def _hire(office: Office) -> None:
    if Membership.objects.filter(office=office).exists():
        return
    encoded = _encoded()
    for username, name, role in STAFF:
        user = User.objects.create(username=f"{username}.{office.slug}", password=encoded)
        Membership.objects.create(office=office, user=user, role=Role(role), name=name)
    _hire_official(office)


def _hire_official(office: Office) -> None:
    """Give the first official of the file a log-in."""
    official = Official.objects.filter(office=office, retired=False).first()
    if official is None:
        return
    user = User.objects.create_user(username=f"{OFFICIAL}.{office.slug}", password=PASSWORD)
    Membership.objects.create(office=office, user=user, role=Role.CLERK, name=str(official.name))
    official.user = user
    official.save(update_fields=["user"])


def demo_addresses(base: str, passwords: dict[str, str]) -> str:
    """Text with the demo's addresses and log-ins; `passwords` are new ones, shown this once."""
    from prepazka.offices.devices import make_pairing_code  # noqa: PLC0415

    begin = "" if settings.DEMO_PUBLIC else "   (begin there: a tour, with one-click log-ins)"
    lines = ["", f"Přepážka is at {base}/{begin}", ""]
    for office in Office.objects.filter(demo=True).order_by("pk"):
        lines.append(f"{office.name}")
        lines.append(f"  booking      {base}/{office.slug}/")
        lines.append(f"  live view    {base}/{office.slug}/nazivo/")
        for device in Device.objects.filter(office=office, retired=False).order_by("position"):
            code = make_pairing_code(device=device, now=now())
            kind = "kiosk" if device.kind == Device.Kind.KIOSK else "panel"
            lines.append(f"  {kind:<12} {base}/{kind}/   pairing code {code}")
        lines.append(
            f"  staff        {base}/pult/    novakova.{office.slug} (clerk),"
            f" recepce.{office.slug}, linka.{office.slug} (call centre), vedouci.{office.slug}, spravce.{office.slug}"
        )
        lines += [
            f"  official     {base}/{office.slug}/urednik/{official.code}/   {OFFICIAL}.{office.slug}"
            for official in Official.objects.filter(office=office).exclude(user=None)
        ]
        lines.append("")
    if settings.DEMO_PUBLIC:
        return "\n".join([*lines, *_password_lines(passwords), ""])
    lines.append(f"Password of all demo log-ins: {PASSWORD}")
    lines.append(f"Mails and SMS of the demo:    {base}/demo/posta/")
    lines.append(f"The demo's clock shows:       {_clock_line()}")
    lines.append("")
    return "\n".join(lines)


def _password_lines(passwords: dict[str, str]) -> list[str]:
    """Lines with the new passwords of a public demo, for its operator only."""
    if not passwords:
        return [
            "This demo is public. Its passwords were shown when they were made; an administrator",
            "gives new ones, and `prepazka staff` adds an administrator.",
        ]
    width = max(map(len, passwords))
    rows = [f"  {name:<{width}}  {password}" for name, password in sorted(passwords.items())]
    return ["This demo is public. Its passwords are shown this once:", *rows]


def _clock_line() -> str:
    time_shown = now().astimezone(settings.DEFAULT_ZONE)
    return f"{time_shown:%A %d %B %Y %H:%M}" + (
        "" if clock.shows_real_time() else "; the start page sets it"
    )
