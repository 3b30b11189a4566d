"""CalDAV (RFC 4791): the one question we ask, and the calendars in its answer."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from prepazka.core.interval import Interval
from prepazka.gateways.calendars.fetch import Unreadable

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
DAV = "{DAV:}"


def query(window: Interval[datetime]) -> bytes:
    """Ask for the events that touch the window; what repeats is unfolded here, not there.

    Servers differ in how well they expand a recurrence, so none is asked to.
    """
    start, end = (
        one.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for one in (window.start, window.end)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
        "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f'<C:time-range start="{start}" end="{end}"/>'
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    ).encode()


def bodies_of(answer: bytes) -> list[bytes]:
    """The iCalendar objects of a multistatus. Raises Unreadable."""
    if b"<!DOCTYPE" in answer or b"<!ENTITY" in answer:
        raise Unreadable("garbage")
    try:
        root = ET.fromstring(answer)  # noqa: S314  # no document type, so no entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Unreadable("garbage") from error
    if root.tag != f"{DAV}multistatus":
        raise Unreadable("garbage")
    return [(one.text or "").encode() for one in root.iter(f"{CALDAV}calendar-data") if one.text]
