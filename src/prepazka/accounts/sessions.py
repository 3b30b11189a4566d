"""Sessions of the staff: each with its user, its browser, its last use and its end.

Django's own table does not say whose a session is; a row beside each does. Its times are of the
database's clock, as the end of a session is: a demo's clock does not move them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models.functions import Now

from prepazka.accounts.models import StaffSession, User

NOTE_USE = """
INSERT INTO accounts_staffsession (session_key, user_id, browser, started_at, used_at)
VALUES (%s, %s, %s, now(), now()) ON CONFLICT (session_key) DO UPDATE
SET used_at = now(), user_id = excluded.user_id
WHERE accounts_staffsession.used_at < now() - make_interval(secs => %s)
"""

SEEN_EVERY = timedelta(minutes=1)
# What stands in a User-Agent, the most specific name first, and what people call the browser.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended; `session_id` names it in addresses, and opens nothing."""

    session_id: int
    browser: str  # such as "Firefox, Windows"; empty: unknown
    started_at: datetime
    used_at: datetime  # to the minute
    ends_at: datetime
    is_present: bool  # the one that asks


def note_session_use(*, key: str, user: int, user_agent: str) -> None:
    """Record that the session was used, to the minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            NOTE_USE,
            [key, user, browser_name(user_agent), SEEN_EVERY.total_seconds()],
        )


def open_sessions(user: int, *, present: str = "") -> list[OpenSession]:
    """The person's sessions, the last used first; `present` is the key of the one that asks."""
    rows = {row.session_key: row for row in StaffSession.objects.filter(user=user)}
    ends = Session.objects.filter(pk__in=rows, expire_date__gt=Now())
    still_open = [
        OpenSession(
            row.pk, row.browser, row.started_at, row.used_at, session.expire_date, key == present
        )
        for session in ends
        for key, row in [(session.session_key, rows[session.session_key])]
    ]
    return sorted(
        still_open, key=lambda session: (session.is_present, session.used_at), reverse=True
    )


def end_session(*, user: int, session_id: int) -> bool:
    """Log the person out of that browser; False where the session has ended already."""
    row = StaffSession.objects.filter(pk=session_id, user=user).first()
    if row is None:
        return False
    row.delete()
    deleted, _ = Session.objects.filter(pk=row.session_key).delete()
    return bool(deleted)


def end_sessions(user: User, *, but: str = "") -> int:
    """Log the account out of every browser but the one of that key. Returns of how many.

    Decodes every live session, since only its content says whose it is. Only staff have
    sessions, for twelve hours of the database's clock, so there are few.
    """
    session_keys = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=Now()).exclude(pk=but).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=session_keys).delete()
    StaffSession.objects.filter(user=user).exclude(session_key=but).delete()
    return len(session_keys)


def delete_ended_sessions() -> int:
    """Delete the StaffSession rows of ended sessions. Returns how many."""
    live = Session.objects.filter(expire_date__gt=Now())
    deleted, _ = StaffSession.objects.exclude(session_key__in=live.values("pk")).delete()
    return deleted


def browser_name(user_agent: str) -> str:
    """Common names of the browser and its system, without versions; empty where unknown."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system)))
