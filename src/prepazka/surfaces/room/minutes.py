"""Minutes over HTTP: the draft for all inside, the steps of its writers, the PDF of the closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from prepazka.core import reading
from prepazka.meetings import access, minutes, storage
from prepazka.meetings.models import Minutes, MinutesComment, Participant
from prepazka.surfaces.room.papers import actor_of, attachment, of_holder
from prepazka.web.shortcuts import now

NAME = "zapis.pdf"


@of_holder
@require_safe
def draft(request: HttpRequest, who: Participant, link: int) -> HttpResponse:
    """The minutes as they are, for those who see the meeting's papers."""
    if not access.sees_all(who.meeting, who):
        raise Http404
    return JsonResponse(_shown(who, now()))


def _shown(who: Participant, moment: datetime) -> dict[str, Any]:
    writes = access.is_official(who)
    held = Minutes.objects.filter(meeting=who.meeting_id).first()
    if held is None:
        return {"version": 0, "writes": writes, "closed": False, "comments": []}
    last = held.versions.select_related("participant__official").order_by("-version").first()
    comments = held.comments.select_related("participant__official").order_by("pk")
    return {
        "version": held.version,
        "content": held.content,
        "by": access.name_of(last.participant if last else None),
        "writes": writes,
        "closed": held.closed_at is not None,
        "printed": bool(held.key),
        "pdf": minutes.pdf_state(held, now=moment),
        "comments": [_comment(one) for one in comments],
    }


def _comment(one: MinutesComment) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": access.name_of(one.participant),
        "text": one.text,
        "at": one.at.isoformat(),
    }


@of_holder
@require_safe
def pdf(request: HttpRequest, who: Participant, link: int) -> HttpResponse:
    """The closed minutes, for everybody of the meeting."""
    held = Minutes.objects.filter(meeting=who.meeting_id).exclude(closed_at=None).first()
    if held is None:
        raise Http404
    if not held.key:
        raise minutes.MinutesNotPrinted
    try:
        with storage.get(held.key, storage.FILE) as kept:
            return attachment(bytes(kept.read()), NAME, "application/pdf")
    except FileNotFoundError:
        raise minutes.MinutesLost from None


@of_holder
@require_POST
def step(request: HttpRequest, who: Participant, link: int, action: str) -> HttpResponse:
    """One step of a writer or a reader; the answer is the minutes after it."""
    act = STEPS.get(action)
    if act is None:
        raise Http404(action)
    moment = now()
    act(request, who, link, moment)
    return JsonResponse(_shown(who, moment))


def _begin(request: HttpRequest, who: Participant, link: int, moment: datetime) -> None:
    minutes.begin(participant=who.pk, now=moment, actor=actor_of(request, who))


def _save(request: HttpRequest, who: Participant, link: int, moment: datetime) -> None:
    try:
        content = reading.json_value(request.POST.get("content", ""))
    except reading.NotReadable:
        raise minutes.MinutesNotUnderstood from None
    actor = actor_of(request, who)
    base = _number(request, "version")
    minutes.save(participant=who.pk, base=base, content=content, now=moment, actor=actor)


def _comment_on(request: HttpRequest, who: Participant, link: int, moment: datetime) -> None:
    text = request.POST.get("text", "")
    minutes.comment(participant=who.pk, link=link, text=text, now=moment)


def _close(request: HttpRequest, who: Participant, link: int, moment: datetime) -> None:
    version = _number(request, "version")
    actor = actor_of(request, who)
    minutes.close(participant=who.pk, version=version, now=moment, actor=actor)


def _number(request: HttpRequest, name: str) -> int:
    number = reading.whole(request.POST.get(name, ""), 99_999_999)
    return -1 if number is None else number


STEPS: dict[str, Callable[[HttpRequest, Participant, int, datetime], None]] = {
    "zacit": _begin,
    "ulozit": _save,
    "poznamka": _comment_on,
    "uzavrit": _close,
}
