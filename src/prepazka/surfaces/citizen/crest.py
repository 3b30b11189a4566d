"""The picture of an office's crest, for all pages that show it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from prepazka.offices.models import Crest


@require_safe
def picture(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """The PNG of that digest; another crest has another address, so this may be cached for good."""
    row = Crest.objects.filter(office__slug=slug, office__crest=digest).first()
    if row is None:
        raise Http404
    answer = HttpResponse(bytes(row.content), content_type="image/png")
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
