"""Documents of a meeting over HTTP: uploading, listing, showing pages, downloading, removing."""

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
from prepazka.meetings import contents, documents, meeting_permissions, shown_pages, storage
from prepazka.meetings.models import Document, DocumentState, Participant
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.room import document_texts
from prepazka.surfaces.room.views import of_participant
from prepazka.web.limits import REQUESTS, Limit, limit_address
from prepazka.web.shortcuts import now

BRINGING = Limit("bring", 60, REQUESTS.per)
# A file of a stranger must not run scripts or be framed, whatever type a browser guesses.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
View = Callable[..., HttpResponse]


def of_holder(view: View) -> View:
    """Pass the participant and link number to the view, if the link gives access to papers now."""

    @wraps(view)
    def wrapped(
        request: HttpRequest,
        office: OfficeSnapshot,
        participant: Participant,
        link: int,
        **kwargs: Any,
    ) -> HttpResponse:
        meeting_permissions.check_link(participant.meeting, participant, link)
        return view(request, participant, link, **kwargs)

    return of_participant(wrapped)


def actor_of(request: HttpRequest, participant: Participant) -> int | None:
    """The user id of the acting member of staff; None for citizens."""
    return (
        request.user.pk
        if meeting_permissions.is_official(participant) and request.user.pk
        else None
    )


def by_script(request: HttpRequest) -> bool:
    """Whether the request comes from our script, which wants JSON."""
    return "application/json" in request.headers.get("Accept", "")


def uuid_or_none(text: str) -> UUID | None:
    """The UUID in the text, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


@of_holder
@require_http_methods(["GET", "HEAD", "POST"])
def documents_response(request: HttpRequest, participant: Participant, link: int) -> HttpResponse:
    """The documents that the participant sees; a post uploads one."""
    if request.method == "POST":
        return _upload(request, participant, link)
    inside = meeting_permissions.sees_all_documents(participant.meeting, participant)
    return JsonResponse(
        {
            "documents": [
                document_texts.document_fields(document, participant)
                for document in documents.documents_seen_by(participant)
            ],
            "seen": shown_pages.shown_state(participant.meeting) if inside else None,
        }
    )


def _upload(request: HttpRequest, participant: Participant, link: int) -> HttpResponse:
    moment = now()
    limit_address(request, BRINGING, now=moment)
    upload = request.FILES.get("file")
    if upload is None or upload.name is None:
        raise documents.FileEmpty
    document = documents.add_document(
        participant=participant.pk,
        link=link,
        name=upload.name,
        file=upload,
        now=moment,
        actor=actor_of(request, participant),
    )
    if by_script(request):
        return JsonResponse(document_texts.document_fields(document, participant), status=201)
    return _to_papers(request)


def _to_papers(request: HttpRequest) -> HttpResponse:
    match = request.resolver_match
    assert match  # noqa: S101  # set by the URL resolver
    link = [match.kwargs["slug"], match.kwargs["token"]]
    return HttpResponseRedirect(reverse("room:page", args=link) + "#papers")


@of_holder
@require_safe
def document_file(
    request: HttpRequest, participant: Participant, link: int, document: UUID
) -> HttpResponse:
    """The file as an attachment, so that browsers save it instead of opening it."""
    stored = _ready_document(participant, document)
    media = contents.BY_SUFFIX[PurePath(stored.name).suffix].media
    try:
        return attachment_response(_read(stored.key, storage.FILE), stored.name, media)
    except Http404:
        raise documents.FileLost from None


@of_holder
@require_safe
def page_picture(
    request: HttpRequest, participant: Participant, link: int, document: UUID, number: int
) -> HttpResponse:
    """The rendered image of one page."""
    stored = _ready_document(participant, document)
    if not 1 <= number <= stored.pages:
        raise Http404(number)
    return with_upload_headers(
        HttpResponse(_read(stored.key, storage.page_file_name(number)), "image/webp")
    )


@of_holder
@require_safe
def words_of_page(
    request: HttpRequest, participant: Participant, link: int, document: UUID, number: int
) -> HttpResponse:
    """The text of one page, for people who do not see the image."""
    stored = _ready_document(participant, document)
    if not 1 <= number <= stored.pages:
        raise Http404(number)
    try:
        text = _read(stored.key, storage.text_file_name(number)).decode()
    except Http404:  # an image has no text
        text = ""
    return JsonResponse({"text": text.replace("\r\n", "\n").strip()})


@of_holder
@require_POST
def remove_document_response(
    request: HttpRequest, participant: Participant, link: int, document: UUID
) -> HttpResponse:
    """Remove a document."""
    documents.remove_document(
        participant=participant.pk,
        link=link,
        document=document,
        now=now(),
        actor=actor_of(request, participant),
    )
    return JsonResponse({}) if by_script(request) else _to_papers(request)


@of_holder
@require_POST
def show_document_page(request: HttpRequest, participant: Participant, link: int) -> HttpResponse:
    """Show a page to everybody in the room."""
    page = request.POST.get("page", "1")
    shown_pages.show_page(
        participant=participant.pk,
        seat=_seat(request),
        document=uuid_or_none(request.POST.get("document", "")),
        page=reading.read_whole_number(page, 99_999) or 0,
    )
    return JsonResponse({})


@of_holder
@require_POST
def give_lead_response(request: HttpRequest, participant: Participant, link: int) -> HttpResponse:
    """Give the lead, which turns the pages, to a participant."""
    to = uuid_or_none(request.POST.get("who", ""))
    shown_pages.give_lead(participant=participant.pk, seat=_seat(request), to=to or UUID(int=0))
    return JsonResponse({})


def _seat(request: HttpRequest) -> UUID:
    return uuid_or_none(request.POST.get("seat", "")) or UUID(int=0)


def _ready_document(participant: Participant, document: UUID) -> Document:
    rows = documents.documents_seen_by(participant).filter(pk=document, state=DocumentState.READY)
    stored: Document | None = rows.first()
    if stored is None:
        raise Http404(document)
    return stored


def _read(key: str, name: str) -> bytes:
    try:
        with storage.open_file(key, name) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        raise Http404(name) from None


def attachment_response(content: bytes, name: str, media: str) -> HttpResponse:
    """A response with a file to be saved."""
    response = HttpResponse(content, media)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return with_upload_headers(response)


def with_upload_headers(response: HttpResponse) -> HttpResponse:
    """The response with the security headers of uploaded content."""
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
