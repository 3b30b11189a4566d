"""Audio of a display: the clips of a call, serving their files, and faults of sound."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from prepazka.core.speech import clips_of_call, place_word
from prepazka.gateways.voice.clips import CHIME, TYPES, Clips, available_clips
from prepazka.offices.models import Counter
from prepazka.queueing.models import TicketState

FOREVER = "public, max-age=31536000, immutable"
SOUND_FAULTS = ("sound_blocked", "sound_broken")


def clip_urls(call: dict[str, Any], counter: Counter, options: dict[str, Any]) -> list[str]:
    """Addresses of the clips to play for a call, in order; none for a call that is over."""
    if options["sound"] == "off" or call["state"] != TicketState.CALLED:
        return []
    recorded = available_clips(settings.VOICE_FOLDER)
    played = [chime_url()]
    if options["sound"] == "speech":
        counter_word = place_word(dict(counter.name).get("cs", ""))
        for language in options["speech"]:
            names = clips_of_call(call["ticket"], counter_word, counter.number, language)
            paths = [f"{language}/{name}" for name in names]
            # Half a sentence would mislead, so it is played only if all of its clips exist.
            played += [_url(path, recorded) for path in paths] if recorded.has(paths) else []
    return played


def chime_url() -> str:
    """The address of the office's own chime, or of the default one."""
    recorded = available_clips(settings.VOICE_FOLDER)
    return _url(CHIME, recorded) if recorded.has([CHIME]) else static("display/chime.wav")


def _url(name: str, recorded: Clips) -> str:
    return f"{reverse('display:clip', args=[name])}?v={recorded.version}"


@require_safe
def clip_response(request: HttpRequest, name: str) -> HttpResponse:
    """One clip; an address with the current version may be cached for good."""
    recorded = available_clips(settings.VOICE_FOLDER)
    file = recorded.files.get(name)
    try:
        content = file.read_bytes() if file else b""
    except OSError as error:  # removed since the folder was read
        raise Http404(name) from error
    if not file or not content:
        raise Http404(name)
    response = HttpResponse(content, content_type=TYPES[file.suffix])
    current = request.GET.get("v") == recorded.version
    response["Cache-Control"] = FOREVER if current else "no-cache"
    return response
