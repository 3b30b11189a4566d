"""Identifiers of our bookings in calendar files, and how they are known when they come back."""

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
    """The UID in files that are mailed; it stays for ever, so that a later file changes the event."""
    return f"{booking}@{_mail_host()}"


def feed_uid(booking: UUID) -> str:
    """The UID in feeds: another one, for a feed and a mail may meet in one calendar program."""
    return f"{booking}-{SUFFIX}@{host()}"


def own_events(uids: Mapping[str, str], office: int) -> set[str]:
    """The keys of those UIDs that are bookings of the office here.

    What only looks like one (another host, an id that is not stored) is somebody else's event.
    """
    ids: dict[str, UUID] = {}
    for key, uid in uids.items():
        found = OURS.fullmatch(uid.strip())
        if found and found[2].lower() in {host().lower(), _mail_host().lower()}:
            try:
                ids[key] = UUID(found[1])
            except ValueError:
                continue
    stored = set(
        Booking.objects.filter(office=office, pk__in=set(ids.values())).values_list("pk", flat=True)
    )
    return {key for key, pk in ids.items() if pk in stored}


def host() -> str:
    """The installation's name in the identifiers of feeds."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _mail_host() -> str:
    # As it was written into mails that lie in people's calendars already.
    return settings.BASE_URL.split("//", 1)[-1].split(":", 1)[0].split("/", 1)[0]
