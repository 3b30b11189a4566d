"""UIDs of bookings in calendar files, and their recognition in calendars that we read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from prepazka.booking.models import Booking

SUFFIX = "termin"
OURS = re.compile(rf"([0-9a-f-]{{36}})(?:-{SUFFIX})?@(.+)", re.IGNORECASE)


def mailed_uid(booking: UUID) -> str:
    """The UID in mailed files; it never changes, so that a later file updates the same event."""
    return f"{booking}@{mail_host()}"


def feed_uid(booking: UUID) -> str:
    """The UID in feeds; differs from the mailed one, as one calendar program may have both."""
    return f"{booking}-{SUFFIX}@{installation_host()}"


def own_events(uids: Mapping[str, str], office: int) -> set[str]:
    """The keys of the UIDs that belong to bookings of the office in this installation.

    A UID of another host, or of a booking that is not stored, is not ours.
    """
    ids: dict[str, UUID] = {}
    for key, uid in uids.items():
        match = OURS.fullmatch(uid.strip())
        if match and match[2].lower() in {installation_host().lower(), mail_host().lower()}:
            try:
                ids[key] = UUID(match[1])
            except ValueError:
                continue
    stored = set(
        Booking.objects.filter(office=office, pk__in=set(ids.values())).values_list("pk", flat=True)
    )
    return {key for key, pk in ids.items() if pk in stored}


def installation_host() -> str:
    """The installation's host name as it stands in the UIDs of feeds."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def mail_host() -> str:
    """The host name in what is mailed: UIDs of events, ids of messages and of pictures."""
    # Must stay as it is: mailed events with this host are in people's calendars.
    return settings.BASE_URL.split("//", 1)[-1].split(":", 1)[0].split("/", 1)[0]
