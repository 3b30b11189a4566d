"""Jitsi Meet: a signed token (JWT, HS256) admits one person to one room.

The server checks the signature, `iss`, `aud`, `exp` and `nbf` when somebody connects, and `room`
and `sub` when they join. `context` is not checked; modules of the server may read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import jwt
from django.conf import settings

from prepazka.gateways.video.video_http import fetch_body
from prepazka.gateways.video.video_types import Paper, Person, Unavailable, Venue

# Long enough to enter and to reconnect after a short loss; later the link page makes a new token.
GOOD_FOR = timedelta(minutes=10)
CLOCKS_DIFFER = timedelta(seconds=30)


def prepare(venue: Venue, papers: Sequence[Paper] = ()) -> None:
    """Check that the server answers; it creates rooms by itself. Raises Unavailable."""
    _must_be_set()
    fetch_body("GET", settings.JITSI_URL + "/")


def address(venue: Venue, person: Person, *, now: datetime) -> str:
    """The URL of the room with the person's token. Raises Unavailable."""
    _must_be_set()
    token = jwt.encode(claims(venue, person, now=now), settings.JITSI_SECRET, algorithm="HS256")
    page_options = {
        "config.defaultLanguage": f'"{person.language}"',
        "config.subject": f'"{venue.name}"',
    }
    return (
        f"{settings.JITSI_URL}/{venue.code}?{urlencode({'jwt': token})}#{urlencode(page_options)}"
    )


def claims(venue: Venue, person: Person, *, now: datetime) -> dict[str, object]:
    """The claims of a person's token."""
    return {
        "aud": settings.JITSI_AUDIENCE,
        "iss": settings.JITSI_APP_ID,
        "sub": settings.JITSI_SUBJECT or urlsplit(settings.JITSI_URL).hostname,
        "room": venue.code,
        "nbf": int((now - CLOCKS_DIFFER).timestamp()),
        "exp": int((now + GOOD_FOR).timestamp()),
        "context": {
            "user": {
                "id": person.id,
                "name": person.name,
                "moderator": "true" if person.leads else "false",
                "affiliation": "owner" if person.leads else "member",
                # They were admitted from our lobby.
                "lobby_bypass": True,
            },
            "features": {"recording": "false", "livestreaming": "false"},
        },
    }


def close(venue: Venue) -> None:
    """Do nothing: a Jitsi room ends when the last person leaves."""


def _must_be_set() -> None:
    if not (settings.JITSI_URL and settings.JITSI_APP_ID and settings.JITSI_SECRET):
        raise Unavailable("Jitsi Meet is not set up")
