"""BigBlueButton; every call is signed by a checksum of its name, its query and the secret."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import defusedxml.ElementTree
from defusedxml import DefusedXmlException
from django.conf import settings

from prepazka.gateways.video.video_http import fetch_body
from prepazka.gateways.video.video_types import Paper, Person, Unavailable, Venue

# By default the server accepts 2 MB in one request, and base64 needs a third more.
MOST_PAPER = 1_400_000
NOT_FOUND = "notFound"


def prepare(venue: Venue, papers: Sequence[Paper] = ()) -> None:
    """Create the meeting with the documents, unless it exists. Raises Unavailable."""
    if _call("getMeetingInfo", {"meetingID": venue.code}, missing_ok=True) is None:
        _create(venue, papers)


def address(venue: Venue, person: Person, *, now: datetime) -> str:
    """The signed `join` URL for one person, valid for this meeting only. Raises Unavailable."""
    created = _create(venue).findtext("createTime", "")
    if not created.isdigit():
        raise Unavailable("the server did not say when the meeting was created")
    return signed_url(
        "join",
        {
            "meetingID": venue.code,
            "fullName": person.name or "?",
            "role": "MODERATOR" if person.leads else "VIEWER",
            "userID": person.id,
            "createTime": created,
            "redirect": "true",
        },
    )


def is_running(venue: Venue) -> bool:
    """Whether somebody is in the room. Raises Unavailable."""
    answer = _call("isMeetingRunning", {"meetingID": venue.code})
    return answer is not None and answer.findtext("running") == "true"


def close(venue: Venue) -> None:
    """End the meeting for everybody, if the server can be reached."""
    with contextlib.suppress(Unavailable):
        if is_running(venue):
            _call("end", {"meetingID": venue.code}, missing_ok=True)


def signed_url(call: str, query: dict[str, str]) -> str:
    """The URL of a call with its checksum. Raises Unavailable."""
    if not (settings.BBB_URL and settings.BBB_SECRET):
        raise Unavailable("BigBlueButton is not set up")
    query_text = urlencode(query)
    checksum = hashlib.sha256(f"{call}{query_text}{settings.BBB_SECRET}".encode()).hexdigest()
    return f"{settings.BBB_URL}/api/{call}?{query_text}&checksum={checksum}"


def _create(venue: Venue, papers: Sequence[Paper] = ()) -> ET.Element:
    """Create the meeting; with the same parameters again, the server returns the existing one."""
    query = {
        "meetingID": venue.code,
        "name": venue.name,
        "record": "false",
        "autoStartRecording": "false",
        "allowStartStopRecording": "false",
        # People with our signed links are no guests; anybody else waits for the moderator.
        "guestPolicy": "ASK_MODERATOR",
        "meetingExpireIfNoUserJoinedInMinutes": "30",
        "logoutURL": settings.BASE_URL + "/",
    }
    meeting = _call("create", query, content=_modules(papers))
    assert meeting is not None  # noqa: S101  # only what may be missing is None
    return meeting


def _modules(papers: Sequence[Paper]) -> bytes:
    """The body of `create` with the documents that fit into one request."""
    bytes_left, root = MOST_PAPER, ET.Element("modules")
    module = ET.SubElement(root, "module", name="presentation")
    for paper in papers:
        if len(paper.content) <= bytes_left:
            bytes_left -= len(paper.content)
            attributes = {"name": paper.name, "downloadable": "true", "removable": "true"}
            ET.SubElement(module, "document", attributes).text = base64.b64encode(
                paper.content
            ).decode()
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) if len(module) else b""


def _call(
    call: str, query: dict[str, str], *, content: bytes = b"", missing_ok: bool = False
) -> ET.Element | None:
    """The answer of a successful call; with `missing_ok` None if there is no such meeting.

    Raises Unavailable.
    """
    url = signed_url(call, query)
    body = fetch_body(
        "POST" if content else "GET", url, content=content, media_type="application/xml"
    )
    try:
        answer: ET.Element = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unavailable("the server answered something that makes no sense") from None
    if answer.findtext("returncode") == "SUCCESS":
        return answer
    why = answer.findtext("messageKey", "")
    if missing_ok and why == NOT_FOUND:
        return None
    raise Unavailable(f"the server refused: {' '.join(why.split())[:60]}")
