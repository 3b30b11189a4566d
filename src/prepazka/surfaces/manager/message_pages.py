"""Sent messages, and editing the office's own texts of messages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from prepazka.core import message_texts, reading
from prepazka.core.locales import language_name
from prepazka.core.message_texts import Fault, Part
from prepazka.messaging import custom_texts
from prepazka.messaging.channels import adapter_of
from prepazka.messaging.kinds import STORED, label_of
from prepazka.messaging.models import Message
from prepazka.messaging.text_placeholders import OF_KINDS
from prepazka.offices.languages import active_language
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.sent_messages import MOST, sent_messages
from prepazka.web import staff_access
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

STATES: dict[str, str | Promise] = {
    "queued": gettext_lazy("waiting to be sent"),
    "sent": gettext_lazy("sent"),
    "delivered": gettext_lazy("delivered"),
    "failed": gettext_lazy("not sent"),
}


@staff_only(*staff_access.HEADS)
@require_GET
def sent_messages_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The newest messages; contacts are masked, and searched by the full contact."""
    search, kind, state = (request.GET.get(name, "")[:120] for name in ("hledat", "druh", "stav"))
    day = _day(request.GET.get("den", ""))
    newest = sent_messages(office, recipient=search.strip(), kind=kind, state=state, day=day)
    rows = [
        {
            "message": message,
            "kind": label_of(message.kind),
            "state": STATES["delivered" if message.delivered_at else message.state],
            "why": _(message.error) if message.error else "",
            "name": message.to.name or _("erased"),
            "contact": mask_contact(message),
            "channel": adapter_of(message).label,
        }
        for message in newest
    ]
    context = {
        "rows": rows,
        "kinds": {code: kind.label for code, kind in STORED.items()},
        "states": STATES,
        "most": MOST,
    }
    context |= {"wanted": search, "kind": kind, "state": state, "day": day}
    return _render(request, office, member, "messages", context)


@staff_only(*staff_access.HEADS)
@require_GET
def message_kinds_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The kinds of messages, with the languages in which the office has its own text."""
    texts = office.row.message_rules.texts
    rows = [
        {
            "kind": kind,
            "name": label_of(kind),
            "languages": [
                {
                    "code": code,
                    "name": language_name(code, active_language()),
                    "own": _has_own(texts, kind, code),
                }
                for code in office.row.languages
            ],
        }
        for kind in custom_texts.changeable_kinds()
    ]
    return _render(request, office, member, "kinds", {"rows": rows})


class WordsForm(forms.Form):
    """The office's texts of one kind in one language; an empty field means the default text."""

    subject = forms.CharField(label=gettext_lazy("Subject of the e-mail"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Text of the e-mail"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    sms = forms.CharField(
        label=gettext_lazy("Text message"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def said(self) -> dict[Part, str]:
        """The texts by part of the message."""
        return {
            part_name: self.cleaned_data.get(part_name, "") for part_name in message_texts.PARTS
        }


@staff_only(*staff_access.HEADS)
@require_http_methods(["GET", "POST"])
def edit_message_texts(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, kind: str, language: str
) -> HttpResponse:
    """Edit, preview and save the office's texts of one kind in one language."""
    if kind not in custom_texts.changeable_kinds() or language not in office.row.languages:
        raise Http404
    stored = custom_texts.own_texts(office, kind, language)
    if request.method == "GET":
        return _words_page(
            request, office, member, kind, language, WordsForm(initial=dict(stored.items()))
        )
    if member.role not in staff_access.ADMINISTRATORS:
        raise PermissionDenied
    form = WordsForm(request.POST)
    form.is_valid()
    texts = form.said()
    if "ulozit" in request.POST:
        try:
            custom_texts.write_words(
                office=office.office_id,
                kind=kind,
                language=language,
                words=texts,
                now=now(),
                actor=member.user_id,
            )
        except custom_texts.BrokenWords:
            pass  # the faults are shown beside the fields, as in a preview
        else:
            messages.success(request, _("The texts were saved."))
            return redirect("manager:kinds", office.slug)
    for part_name, faults in custom_texts.faults_of(kind, custom_texts.tidy_texts(texts)).items():
        for fault in faults:
            form.add_error(part_name, in_words(kind, part_name, fault))
    return _words_page(request, office, member, kind, language, form)


def _words_page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    kind: str,
    language: str,
    form: WordsForm,
) -> HttpResponse:
    texts = form.said() if form.is_bound else custom_texts.own_texts(office, kind, language)
    placeholders = OF_KINDS[kind]
    broken = form.is_bound and bool(form.errors)
    rows = [
        {
            "part": part_name,
            "may": sorted(message_texts.allowed_placeholders(placeholders, part_name)),
            "must": sorted(message_texts.required_placeholders(placeholders, part_name)),
            "usual": custom_texts.default_text(kind, part_name, language),
            "field": form[part_name],
        }
        for part_name in message_texts.PARTS
    ]
    context = {
        "kind": kind,
        "name": label_of(kind),
        "language": language,
        "language_name": language_name(language, active_language()),
        "form": form,
        "parts": rows,
        "may_write": member.role in staff_access.ADMINISTRATORS,
        "preview": None
        if broken
        else custom_texts.preview_message(office, kind, language, texts, now=now()),
        "sms_off": not office.row.message_rules.sms,
    }
    return _render(request, office, member, "words", context)


def in_words(kind: str, part_name: Part, fault: Fault) -> str:
    """The fault of a text and how to correct it, as a sentence."""
    if fault.kind == "unknown":
        placeholders = OF_KINDS[kind]
        return _("{%(name)s} cannot be used here. Use one of: %(known)s.") % {
            "name": fault.name,
            "known": ", ".join(
                f"{{{name}}}"
                for name in sorted(message_texts.allowed_placeholders(placeholders, part_name))
            ),
        }
    if fault.kind == "missing":
        return _("Add {%(name)s}; without it the message is of no use.") % {"name": fault.name}
    if fault.kind == "long":
        return _("Enter at most %(most)s characters.") % {"most": fault.name}
    return _("Use braces only in pairs around a placeholder. Check: %(where)s") % {
        "where": fault.name
    }


def mask_contact(message: Message) -> str:
    """The contact with most characters hidden."""
    adapter = adapter_of(message)
    return adapter.masked(adapter.contact(message.to))


def _has_own(texts: message_texts.Texts, kind: str, language: str) -> bool:
    return any(
        message_texts.office_text(texts, kind, part_name, language)
        for part_name in message_texts.PARTS
    )


def _day(text: str) -> date | None:
    return reading.read_day(text)


def _render(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    name: str,
    context: dict[str, Any],
) -> HttpResponse:
    context |= {"office": office.row, "member": member}
    return render(request, f"manager/{name}.html", context)
