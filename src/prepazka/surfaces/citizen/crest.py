"""The image of an office's crest."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from prepazka.offices.models import Crest


@require_safe
def picture(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """The PNG with that digest; a changed crest gets another address, so caches may keep it."""
    crest = Crest.objects.filter(office__slug=slug, office__crest=digest).first()
    if crest is None:
        raise Http404
    response = HttpResponse(bytes(crest.content), content_type="image/png")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
