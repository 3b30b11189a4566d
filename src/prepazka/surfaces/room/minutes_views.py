"""Minutes over HTTP: the draft, writing, comments and closing, and the PDF once closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from prepazka.core import reading
from prepazka.meetings import meeting_permissions, minutes, storage
from prepazka.meetings.models import Minutes, MinutesComment, Participant
from prepazka.surfaces.room.document_views import actor_of, attachment_response, of_holder
from prepazka.web.shortcuts import now

NAME = "zapis.pdf"


@of_holder
@require_safe
def minutes_draft(request: HttpRequest, participant: Participant, link: int) -> HttpResponse:
    """The current minutes as JSON; 404 for participants who may not see the papers."""
    if not meeting_permissions.sees_all_documents(participant.meeting, participant):
        raise Http404
    return JsonResponse(_state(participant, now()))


def _state(participant: Participant, moment: datetime) -> dict[str, Any]:
    writes = meeting_permissions.is_official(participant)
    record = Minutes.objects.filter(meeting=participant.meeting_id).first()
    if record is None:
        return {"version": 0, "writes": writes, "closed": False, "comments": []}
    latest = record.versions.select_related("participant__official").order_by("-version").first()
    comments = record.comments.select_related("participant__official").order_by("pk")
    return {
        "version": record.version,
        "content": record.content,
        "by": meeting_permissions.name_of(latest.participant if latest else None),
        "writes": writes,
        "closed": record.closed_at is not None,
        "printed": bool(record.key),
        "pdf": minutes.pdf_state(record, now=moment),
        "comments": [_comment(comment) for comment in comments],
    }


def _comment(comment: MinutesComment) -> dict[str, Any]:
    return {
        "id": comment.pk,
        "name": meeting_permissions.name_of(comment.participant),
        "text": comment.text,
        "at": comment.at.isoformat(),
    }


@of_holder
@require_safe
def minutes_pdf(request: HttpRequest, participant: Participant, link: int) -> HttpResponse:
    """The PDF of the closed minutes."""
    record = Minutes.objects.filter(meeting=participant.meeting_id).exclude(closed_at=None).first()
    if record is None:
        raise Http404
    if not record.key:
        raise minutes.MinutesNotPrinted
    try:
        with storage.open_file(record.key, storage.FILE) as stream:
            return attachment_response(bytes(stream.read()), NAME, "application/pdf")
    except FileNotFoundError:
        raise minutes.MinutesLost from None


@of_holder
@require_POST
def minutes_step(
    request: HttpRequest, participant: Participant, link: int, action: str
) -> HttpResponse:
    """Do one step (begin, save, comment, close); returns the minutes after it."""
    act = STEPS.get(action)
    if act is None:
        raise Http404(action)
    moment = now()
    act(request, participant, link, moment)
    return JsonResponse(_state(participant, moment))


def _begin(request: HttpRequest, participant: Participant, link: int, moment: datetime) -> None:
    minutes.begin_minutes(
        participant=participant.pk, now=moment, actor=actor_of(request, participant)
    )


def _save(request: HttpRequest, participant: Participant, link: int, moment: datetime) -> None:
    try:
        content = reading.json_value(request.POST.get("content", ""))
    except reading.NotReadable:
        raise minutes.MinutesNotUnderstood from None
    actor = actor_of(request, participant)
    base = _number(request, "version")
    minutes.save_minutes(
        participant=participant.pk, base=base, content=content, now=moment, actor=actor
    )


def _add_comment(
    request: HttpRequest, participant: Participant, link: int, moment: datetime
) -> None:
    text = request.POST.get("text", "")
    minutes.comment_on_minutes(participant=participant.pk, link=link, text=text, now=moment)


def _close(request: HttpRequest, participant: Participant, link: int, moment: datetime) -> None:
    version = _number(request, "version")
    actor = actor_of(request, participant)
    minutes.close_minutes(participant=participant.pk, version=version, now=moment, actor=actor)


def _number(request: HttpRequest, name: str) -> int:
    number = reading.read_whole_number(request.POST.get(name, ""), 99_999_999)
    return -1 if number is None else number


STEPS: dict[str, Callable[[HttpRequest, Participant, int, datetime], None]] = {
    "zacit": _begin,
    "ulozit": _save,
    "poznamka": _add_comment,
    "uzavrit": _close,
}
