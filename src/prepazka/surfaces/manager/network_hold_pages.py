"""Unconfirmed holds by network, and releasing all holds of one network."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from prepazka.booking import networks
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import staff_access
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

LONGEST_KEY = 32


@staff_only(*staff_access.HEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def kept_times_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Networks with their numbers of holds; a post releases those of one network."""
    moment = now()
    if request.method == "POST":
        times = networks.release_network(
            office=office,
            network=request.POST.get("network", "")[:LONGEST_KEY],
            now=moment,
            actor=member.user_id,
        )
        if times:
            text = ngettext("%(n)s time was released.", "%(n)s times were released.", times)
            messages.success(request, text % {"n": times})
        else:
            messages.info(request, _("This connection is no longer holding any times."))
        return redirect("manager:kept_times", office.slug)
    context = {
        "office": office.row,
        "member": member,
        "crowd": networks.count_of_crowd(office, now=moment),
        "kept": networks.count_unconfirmed(office, now=moment),
        "ceiling": networks.crowded_ceiling(office),
        "crowded_at": networks.crowded_at(office, now=moment),
        "keepers": networks.networks_with_most_holds(office, now=moment),
    }
    return render(request, "manager/kept_times.html", context)
