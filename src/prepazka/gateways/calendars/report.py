"""CalDAV requests (RFC 4791) and reading of their answers."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from prepazka.core.interval import Interval
from prepazka.gateways.calendars.unreadable import Unreadable

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
DAV = "{DAV:}"


def events_query(window: Interval[datetime] | None) -> bytes:
    """The body of a REPORT for the events that overlap the window, or for all.

    Recurrences are expanded by us, because servers differ in how well they do it.
    """
    during = ""
    if window:
        start, end = (
            instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
            for instant in (window.start, window.end)
        )
        during = f'<C:time-range start="{start}" end="{end}"/>'
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
        "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f"{during}"
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    ).encode()


def property_query() -> bytes:
    """The body of a PROPFIND whether the calendar counts as its owner's busy time (RFC 6638)."""
    return (
        b'<?xml version="1.0" encoding="utf-8"?>'
        b'<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
        b"<D:prop><C:schedule-calendar-transp/></D:prop></D:propfind>"
    )


def contents_of(answer: bytes) -> tuple[list[bytes], bool]:
    """The iCalendar objects of a multistatus, and whether it is complete. Raises Unreadable.

    A server may return an error instead of an object or of the rest of a long list.
    """
    root = _multistatus(answer)
    texts, complete = [], True
    for response in root.iter(f"{DAV}response"):
        text = next(
            (element.text for element in response.iter(f"{CALDAV}calendar-data") if element.text),
            "",
        )
        if text.strip():
            texts.append(text.encode())
        elif not _is_collection(response):
            complete = False
    return texts, complete


def is_transparent(answer: bytes) -> bool:
    """Whether the server says that the calendar's events block no time. Raises Unreadable."""
    elements = _multistatus(answer).iter(f"{CALDAV}schedule-calendar-transp")
    return any(element.find(f"{CALDAV}transparent") is not None for element in elements)


def _is_collection(response: ET.Element) -> bool:
    """Whether the response is for the calendar itself and no error (such as too many events)."""
    name = (response.findtext(f"{DAV}href") or "").strip()
    return name.endswith("/") and response.find(f"{DAV}status") is None


def _multistatus(answer: bytes) -> ET.Element:
    try:
        root: ET.Element = defusedxml.ElementTree.fromstring(answer, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreadable("garbage") from error
    if root.tag != f"{DAV}multistatus":
        raise Unreadable("garbage")
    return root
