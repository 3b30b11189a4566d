"""The staff list: adding people, names, roles, passwords, log-ins, API keys, removal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prepazka.accounts.second_factor_removal import users_with_second_factor
from prepazka.core.czech_order import czech_key
from prepazka.core.refusal import Refused
from prepazka.offices import staff as offices_staff
from prepazka.offices.models import Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import staff_access
from prepazka.web.confirmation import with_fresh_proofs
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

ROLES = {
    Role.CLERK: gettext_lazy("clerk at a counter"),
    Role.RECEPTION: gettext_lazy("desk and counter"),
    Role.OPERATOR: gettext_lazy("desk and phone, without a counter"),
    Role.HEAD: gettext_lazy("manager (figures, closures and limits)"),
    Role.ADMINISTRATOR: gettext_lazy("administrator (everything)"),
}
# Abilities with the role groups of `web.staff_access` that check them, so that the page tells the truth.
ABILITIES = (
    (gettext_lazy("open a counter, call and serve people"), staff_access.COUNTER),
    (
        gettext_lazy(
            "check people in, issue tickets, book, move and cancel for anybody, make phone calls"
        ),
        staff_access.DESK,
    ),
    (
        gettext_lazy("see all bookings, the call list and everybody's diaries"),
        staff_access.DESK_LOOK,
    ),
    (
        gettext_lazy(
            "close the office or a part of it, change anybody’s hours and absences, "
            "report that a system is down"
        ),
        staff_access.HEADS,
    ),
    (
        gettext_lazy(
            "see figures and who did what, stop tickets, set how many people can book and "
            "the texts of messages"
        ),
        staff_access.HEADS,
    ),
    (
        gettext_lazy("add and remove people, assign roles and passwords, connect devices"),
        staff_access.ADMINISTRATORS,
    ),
)
LONGEST_STAFF_NAME = 80


def _name_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_STAFF_NAME,
        error_messages={"required": gettext_lazy("Enter the name.")},
    )


class NameForm(forms.Form):
    """The corrected name of a member of staff."""

    name = _name_field()


class StaffForm(forms.Form):
    """A new member of staff."""

    name = _name_field()
    username = forms.CharField(
        label=gettext_lazy("Log-in name"),
        max_length=60,
        error_messages={"required": gettext_lazy("Enter the log-in name.")},
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9._-]*$",
                gettext_lazy(
                    "Use only lower-case letters without accents, numbers, dots and hyphens."
                ),
            )
        ],
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        widget=forms.RadioSelect,
        initial=Role.CLERK.value,
        choices=[(role.value, words) for role, words in ROLES.items()],
    )


@staff_only(*staff_access.HEADS)
@require_http_methods(["GET", "POST"])
def staff_page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """The staff list; a post by an administrator adds a member."""
    if request.method == "GET":
        return _page(request, office, member)
    if member.role not in staff_access.ADMINISTRATORS:
        raise PermissionDenied
    form = StaffForm(request.POST)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            added = offices_staff.add_staff(
                office=office.row,
                username=fields["username"],
                name=fields["name"],
                role=Role(fields["role"]),
                actor=member.user_id,
                now=now(),
            )
            return _page(
                request,
                office,
                member,
                fresh=added.member,
                password=added.password,
                returned=added.returned,
            )
        except Refused as refusal:
            form.add_error("username", refusal_sentence(refusal))
    return _page(request, office, member, form=form)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def rename_member(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """Correct a member's name, including one's own."""
    person = _membership(office, which)
    form = NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["name"])))
        return redirect("manager:people", office.slug)
    try:
        offices_staff.rename_staff(
            member=person, name=form.cleaned_data["name"], actor=member.user_id, now=now()
        )
        messages.success(request, _("The name was corrected."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("manager:people", office.slug)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
@with_fresh_proofs
def reset_member_second_factor(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """Reset a member's lost second factor."""
    try:
        offices_staff.reset_second_factor(
            member=_membership(office, which), actor=member.user_id, now=now()
        )
        messages.success(
            request,
            _(
                "The second factor was reset and the person is logged out everywhere. "
                "They can log in with the password alone, and are told it was you."
            ),
        )
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("manager:people", office.slug)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def change_member_role(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """Change a member's role."""
    chosen_role = request.POST.get("role", "")
    if chosen_role not in Role.values:
        raise Http404
    try:
        offices_staff.change_role(
            member=_membership(office, which),
            role=Role(chosen_role),
            actor=member.user_id,
            now=now(),
        )
        messages.success(request, _("The role was changed."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("manager:people", office.slug)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def change_right_to_declare(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """Give or take a member's right to declare incidents."""
    may = request.POST.get("may") == "1"
    offices_staff.set_may_declare(
        member=_membership(office, which), may=may, actor=member.user_id, now=now()
    )
    messages.success(
        request, _("The permission was granted.") if may else _("The permission was withdrawn.")
    )
    return redirect("manager:people", office.slug)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
@with_fresh_proofs
def give_member_password(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """Give a member a new one-time password, shown only in this response."""
    person = _membership(office, which)
    try:
        one_time_password = offices_staff.give_password(
            member=person, actor=member.user_id, now=now()
        )
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
        return redirect("manager:people", office.slug)
    return _page(request, office, member, fresh=person, password=one_time_password)


@staff_only(*staff_access.ADMINISTRATORS)
@require_safe
def member_access(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """A member's sessions and API keys."""
    person = _membership(office, which)
    try:
        access_list = offices_staff.access_of(person, actor=member.user_id, now=now())
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
        return redirect("manager:people", office.slug)
    context = {"office": office.row, "member": member, "person": person, "access": access_list}
    return render(request, "manager/access.html", context)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
@with_fresh_proofs
def end_session(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int, session: int
) -> HttpResponse:
    """End one session of a member."""
    try:
        offices_staff.end_session(
            member=_membership(office, which), session_id=session, actor=member.user_id, now=now()
        )
        messages.success(request, _("That browser is logged out."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("manager:access", office.slug, which)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
@with_fresh_proofs
def end_token(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int, api_token: int
) -> HttpResponse:
    """Revoke one API key of a member."""
    try:
        offices_staff.end_token(
            member=_membership(office, which), token_id=api_token, actor=member.user_id, now=now()
        )
        messages.success(request, _("The key no longer works."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("manager:access", office.slug, which)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def remove_member(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, which: int
) -> HttpResponse:
    """Remove a member's access to the office."""
    try:
        offices_staff.remove_staff(
            member=_membership(office, which), actor=member.user_id, now=now()
        )
        messages.success(request, _("The person no longer has access to this office."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("manager:people", office.slug)


def _page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    form: StaffForm | None = None,
    **extra: Any,
) -> HttpResponse:
    rows = sorted(
        Membership.objects.filter(office=office.row).select_related("user"),
        key=lambda row: czech_key(row.name),
    )
    protected = users_with_second_factor(row.user_id for row in rows)
    officials = {
        official.user_id: official for official in office.open_officials() if official.user_id
    }
    return render(
        request,
        "manager/people.html",
        {
            "office": office.row,
            "member": member,
            "form": form or StaffForm(),
            "roles": ROLES,
            "roles_and_abilities": [
                (words, [ability for ability, able in ABILITIES if role in able])
                for role, words in ROLES.items()
            ],
            "factor_roles": [ROLES[Role(role)] for role in office.row.second_factor_roles],
            "rows": [
                {
                    "member": row,
                    "role": ROLES[Role(row.role)],
                    "protected": row.user_id in protected,
                    "lacks_factor": row.role in office.row.second_factor_roles
                    and row.user_id not in protected,
                    "official": officials.get(row.user_id),
                }
                for row in rows
            ],
            "may_write": member.role in staff_access.ADMINISTRATORS,
            **extra,
        },
    )


def _membership(office: OfficeSnapshot, member_id: int) -> Membership:
    memberships = Membership.objects.filter(pk=member_id, office=office.row)
    if not (membership := memberships.select_related("user").first()):
        raise Http404
    return membership
