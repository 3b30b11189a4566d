"""Documents of a meeting over HTTP: brought, listed, shown page by page, downloaded, taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prepazka.core import reading
from prepazka.meetings import access, contents, documents, showing, storage
from prepazka.meetings.models import Document, Participant
from prepazka.offices.directory import Directory
from prepazka.surfaces.room import papers_words
from prepazka.surfaces.room.views import of_participant
from prepazka.web.limits import REQUESTS, Limit, limit_address
from prepazka.web.shortcuts import now

BRINGING = Limit("bring", 60, REQUESTS.per)
# Whatever a browser makes of a stranger's file, it runs nothing and belongs to no page of ours.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
View = Callable[..., HttpResponse]


def of_holder(view: View) -> View:
    """Give the view the participant, if the link is good for papers now."""

    @wraps(view)
    def wrapped(
        request: HttpRequest, office: Directory, who: Participant, link: int, **more: Any
    ) -> HttpResponse:
        access.must_hold(who.meeting, who, link)
        return view(request, who, link, **more)

    return of_participant(wrapped)


def actor_of(request: HttpRequest, who: Participant) -> int | None:
    """The account of the staff who acts; citizens have none."""
    return request.user.pk if access.is_official(who) and request.user.pk else None


def by_script(request: HttpRequest) -> bool:
    """Whether the answer goes to a script of ours and not to a page."""
    return "application/json" in request.headers.get("Accept", "")


def uuid_or_none(text: str) -> UUID | None:
    """The id of a form, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


@of_holder
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, who: Participant, link: int) -> HttpResponse:
    """What this participant sees; or one more file."""
    if request.method == "POST":
        return _bring(request, who, link)
    inside = access.sees_all(who.meeting, who)
    return JsonResponse(
        {
            "documents": [papers_words.shown(one, who) for one in documents.seen_by(who)],
            "seen": showing.seen(who.meeting) if inside else None,
        }
    )


def _bring(request: HttpRequest, who: Participant, link: int) -> HttpResponse:
    moment = now()
    limit_address(request, BRINGING, now=moment)
    said = request.FILES.get("file")
    if said is None or said.name is None:
        raise documents.FileEmpty
    made = documents.add(
        participant=who.pk,
        link=link,
        name=said.name,
        file=said,
        now=moment,
        actor=actor_of(request, who),
    )
    if by_script(request):
        return JsonResponse(papers_words.shown(made, who), status=201)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    found = request.resolver_match
    assert found  # noqa: S101  # we were found by the address
    link = [found.kwargs["slug"], found.kwargs["token"]]
    return HttpResponseRedirect(reverse("room:page", args=link) + "#papers")


@of_holder
@require_safe
def file(request: HttpRequest, who: Participant, link: int, document: UUID) -> HttpResponse:
    """The file itself, always to be saved and never to be opened in the page."""
    found = _found(who, document)
    media = contents.BY_SUFFIX[PurePath(found.name).suffix].media
    try:
        return attachment(_read(found.key, storage.FILE), found.name, media)
    except Http404:
        raise documents.FileLost from None


@of_holder
@require_safe
def picture(
    request: HttpRequest, who: Participant, link: int, document: UUID, number: int
) -> HttpResponse:
    """One page, as we have drawn it."""
    found = _found(who, document)
    if not 1 <= number <= found.pages:
        raise Http404(number)
    return guarded(HttpResponse(_read(found.key, storage.page(number)), "image/webp"))


@of_holder
@require_safe
def words_of_page(
    request: HttpRequest, who: Participant, link: int, document: UUID, number: int
) -> HttpResponse:
    """The words of one page, for whoever does not see it."""
    found = _found(who, document)
    if not 1 <= number <= found.pages:
        raise Http404(number)
    try:
        text = _read(found.key, storage.text(number)).decode()
    except Http404:  # a picture has no words
        text = ""
    return JsonResponse({"text": text.replace("\r\n", "\n").strip()})


@of_holder
@require_POST
def remove(request: HttpRequest, who: Participant, link: int, document: UUID) -> HttpResponse:
    """Take a document away."""
    documents.remove(
        participant=who.pk, link=link, document=document, now=now(), actor=actor_of(request, who)
    )
    return JsonResponse({}) if by_script(request) else _back(request)


@of_holder
@require_POST
def show(request: HttpRequest, who: Participant, link: int) -> HttpResponse:
    """Let all see a page."""
    page = request.POST.get("page", "1")
    showing.show(
        participant=who.pk,
        seat=_seat(request),
        document=uuid_or_none(request.POST.get("document", "")),
        page=reading.whole(page, 99_999) or 0,
    )
    return JsonResponse({})


@of_holder
@require_POST
def lead(request: HttpRequest, who: Participant, link: int) -> HttpResponse:
    """Let somebody turn the pages."""
    to = uuid_or_none(request.POST.get("who", ""))
    showing.give_lead(participant=who.pk, seat=_seat(request), to=to or UUID(int=0))
    return JsonResponse({})


def _seat(request: HttpRequest) -> UUID:
    return uuid_or_none(request.POST.get("seat", "")) or UUID(int=0)


def _found(who: Participant, document: UUID) -> Document:
    rows = documents.seen_by(who).filter(pk=document, state=Document.State.READY)
    found: Document | None = rows.first()
    if found is None:
        raise Http404(document)
    return found


def _read(key: str, name: str) -> bytes:
    try:
        with storage.get(key, name) as kept:
            return bytes(kept.read())
    except FileNotFoundError:
        raise Http404(name) from None


def attachment(content: bytes, name: str, media: str) -> HttpResponse:
    """A file to be saved."""
    answer = HttpResponse(content, media)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return guarded(answer)


def guarded(answer: HttpResponse) -> HttpResponse:
    """With the headers that everything brought by strangers has."""
    answer["Content-Security-Policy"] = SANDBOX
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
