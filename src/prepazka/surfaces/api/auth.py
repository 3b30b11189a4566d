"""Authentication by bearer tokens: a paired kiosk or a member of staff."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from ninja.security import HttpBearer

from prepazka.offices import devices
from prepazka.offices.bearers import Bearer, by_token
from prepazka.offices.models import Device, Role
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.web import staff_access
from prepazka.web.refusals import LogInFirst, NotAllowed, NotFound
from prepazka.web.shortcuts import now


@dataclass(frozen=True)
class Kiosk:
    """A paired kiosk and its office."""

    device: Device
    office: OfficeSnapshot

    @property
    def principal(self) -> str:
        """The kiosk's key in the records of idempotent requests."""
        return f"device:{self.device.pk}"


@dataclass(frozen=True)
class Staff:
    """A member of staff in one office."""

    user: int
    office: OfficeSnapshot
    role: str

    @property
    def principal(self) -> str:
        """The person's key in the records of idempotent requests."""
        return f"staff:{self.user}"


class KioskToken(HttpBearer):
    """The token of a paired kiosk."""

    def authenticate(self, request: HttpRequest, token: str) -> Kiosk | None:
        """The kiosk of the token, or None."""
        device = devices.device_by_token(token, now=now(), kind=Device.Kind.KIOSK)
        return Kiosk(device, snapshot_of(device.office)) if device else None


class StaffToken(HttpBearer):
    """The token of a member of staff; the office is in the address."""

    def authenticate(self, request: HttpRequest, token: str) -> Bearer | None:
        """The token's owner with their role in the office of the address, or None."""
        match = request.resolver_match
        slug = match.kwargs.get("slug", "") if match else ""
        return by_token(token, slug=slug, now=now())


def member(request: HttpRequest, slug: str, *roles: Role) -> Staff:
    """The member of staff in the office of the address.

    Raises NotFound for an office that is not theirs, NotAllowed without one of the roles,
    LogInFirst while the person must change the password or set up a second factor.
    """
    bearer: Bearer = request.auth  # type: ignore[attr-defined]  # set by ninja
    if bearer.office is None or bearer.role is None:
        staff_access.note_refused(request, bearer.user, bearer.office)
        raise NotFound
    if bearer.first_step is not None:
        raise LogInFirst
    if bearer.role not in roles:
        staff_access.note_refused(request, bearer.user, bearer.office, role=bearer.role)
        raise NotAllowed
    return Staff(bearer.user, bearer.office, bearer.role)
