"""Who a program is: a paired device, or a member of staff, by the bearer token it sends."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from ninja.security import HttpBearer

from prepazka.offices import devices
from prepazka.offices.bearers import Bearer, by_token
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Device, Role
from prepazka.web import staff
from prepazka.web.refusals import LogInFirst, NotAllowed, NotFound
from prepazka.web.shortcuts import now


@dataclass(frozen=True)
class Kiosk:
    """A paired kiosk and its office."""

    device: Device
    office: Directory

    @property
    def principal(self) -> str:
        """The name under which its requests are remembered."""
        return f"device:{self.device.pk}"


@dataclass(frozen=True)
class Staff:
    """A member of staff in one office."""

    user: int
    office: Directory
    role: str

    @property
    def principal(self) -> str:
        """The name under which their requests are remembered."""
        return f"staff:{self.user}"


class KioskToken(HttpBearer):
    """The token of a paired kiosk."""

    def authenticate(self, request: HttpRequest, token: str) -> Kiosk | None:
        """The kiosk whose token it is."""
        device = devices.by_token(token, now=now(), kind=Device.Kind.KIOSK)
        return Kiosk(device, directory(device.office)) if device else None


class StaffToken(HttpBearer):
    """The token of a member of staff; the office is in the address."""

    def authenticate(self, request: HttpRequest, token: str) -> Bearer | None:
        """Whose token it is, and what they are in the office of the address."""
        match = request.resolver_match
        slug = match.kwargs.get("slug", "") if match else ""
        return by_token(token, slug=slug, now=now())


def member(request: HttpRequest, slug: str, *roles: Role) -> Staff:
    """The member of staff in the office of the address.

    Raises NotFound for an office that is not theirs, NotAllowed without one of the roles,
    LogInFirst while the person must change the password or set up a second factor.
    """
    known: Bearer = request.auth  # type: ignore[attr-defined]  # set by ninja
    if known.office is None or known.role is None:
        staff.note_refused(request, known.user, known.office)
        raise NotFound
    if known.first_step is not None:
        raise LogInFirst
    if known.role not in roles:
        staff.note_refused(request, known.user, known.office, role=known.role)
        raise NotAllowed
    return Staff(known.user, known.office, known.role)
