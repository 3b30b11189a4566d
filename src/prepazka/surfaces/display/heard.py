"""What a display lets be heard: the clips of a call, their files, and sound that does not work."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from prepazka.core.speech import place_word, said
from prepazka.gateways.voice.clips import CHIME, TYPES, Clips, clips
from prepazka.offices.models import Counter
from prepazka.queueing.models import State

FOREVER = "public, max-age=31536000, immutable"
SOUND_FAULTS = ("sound_blocked", "sound_broken")


def urls(call: dict[str, Any], counter: Counter, options: dict[str, Any]) -> list[str]:
    """What is played when the call comes, in order; nothing for one that is over."""
    if options["sound"] == "off" or call["state"] != State.CALLED:
        return []
    known = clips(settings.VOICE_FOLDER)
    played = [chime()]
    if options["sound"] == "speech":
        place = place_word(dict(counter.name).get("cs", ""))
        for language in options["speech"]:
            names = said(call["ticket"], place, counter.number, language)
            paths = [f"{language}/{name}" for name in names]
            # Half a sentence would mislead; without all of its clips it is not said.
            played += [_url(path, known) for path in paths] if known.has(paths) else []
    return played


def chime() -> str:
    """The office's own chime, or ours."""
    known = clips(settings.VOICE_FOLDER)
    return _url(CHIME, known) if known.has([CHIME]) else static("display/chime.wav")


def _url(name: str, known: Clips) -> str:
    return f"{reverse('display:clip', args=[name])}?v={known.version}"


@require_safe
def clip(request: HttpRequest, name: str) -> HttpResponse:
    """One clip. Its address says the version, so a browser keeps it and asks no more."""
    known = clips(settings.VOICE_FOLDER)
    file = known.files.get(name)
    try:
        content = file.read_bytes() if file else b""
    except OSError as error:  # removed in this moment
        raise Http404(name) from error
    if not file or not content:
        raise Http404(name)
    response = HttpResponse(content, content_type=TYPES[file.suffix])
    current = request.GET.get("v") == known.version
    response["Cache-Control"] = FOREVER if current else "no-cache"
    return response
