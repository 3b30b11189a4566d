"""What can be tried in an office, by role: each step is true of the office it is shown for."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from prepazka.booking.terms import is_bookable
from prepazka.messaging.channels import sends_sms
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device, Membership, Mode, Official
from prepazka.web.demo import has_mailbox
from prepazka.web.demo_people import OFFICIAL, STAFF, VISITOR

# The log-in of each role, without the office: of several clerks the one that is the visitor.
LOG_INS = (
    {role: name for name, _name, role in reversed(STAFF)}
    | {"clerk": VISITOR}
    | {"official": OFFICIAL}
)


@dataclass(frozen=True)
class Step:
    """One thing to try, perhaps with a link or a button that begins it."""

    text: str
    label: str = ""
    url: str = ""
    posts: bool = False


@dataclass(frozen=True)
class Card:
    """A role and what to try in it."""

    code: str
    title: str
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What the steps depend on."""

    office: Directory
    devices: list[Device]
    names: dict[str, str]  # of the demo's people, by role
    official: Official | None  # the one with a log-in

    @property
    def slug(self) -> str:
        """The office's part of addresses."""
        return self.office.office.slug

    @property
    def bookable(self) -> bool:
        """Whether anything can be booked on the web."""
        return any(is_bookable(self.office, s) for s in self.office.offered_services())

    @property
    def confirmed_by_link(self) -> int:
        """Minutes within which a booking must be confirmed by a link; 0 where it counts at once."""
        services = (s for s in self.office.offered_services() if is_bookable(self.office, s))
        return max((self.office.rules_of(s).confirm_min for s in services), default=0)

    @property
    def by_video(self) -> bool:
        """Whether a meeting can be booked by video."""
        services = (s for s in self.office.offered_services() if is_bookable(self.office, s))
        return any(Mode.VIDEO in s.modes for s in services)

    @property
    def window_min(self) -> int:
        """Minutes of the windows in which counters take the booked; 0 where there are none."""
        services = (s for s in self.office.offered_services() if is_bookable(self.office, s))
        rules = (self.office.rules_of(service) for service in services)
        return max((one.window_min for one in rules if one.kind == "window"), default=0)

    @property
    def walk_in(self) -> bool:
        """Whether tickets are given without a booking."""
        return any(service.walk_in for service in self.office.offered_services())


def facts(office: Directory) -> Facts:
    """Read what the steps of the office depend on."""
    log_ins = {f"{name}.{office.office.slug}": role for role, name in LOG_INS.items()}
    members = Membership.objects.filter(office=office.office, user__username__in=log_ins)
    names = {log_ins[m.user.username]: m.name for m in members.select_related("user")}
    with_log_in = Official.objects.filter(
        office=office.office,
        retired=False,
        user__username=f"{OFFICIAL}.{office.office.slug}",
    )
    devices = Device.objects.filter(office=office.office, retired=False)
    return Facts(office, list(devices.order_by("position")), names, with_log_in.first())


def cards(known: Facts) -> list[Card]:
    """What to try, in the order in which it makes sense: first the citizen, then the staff."""
    makers = (_clerk, _reception, _operator, _official, _head, _administrator)
    staff = [card for make in makers if (card := make(known)).code in known.names]
    return [_citizen(known), *staff]


def _citizen(known: Facts) -> Card:
    steps: list[Step] = []
    if known.bookable:
        steps += _booking(known)
    if known.by_video:
        text = _(
            "If you choose a meeting by video, the e-mail has a link to the room. The official lets you in."
        )
        steps.append(Step(text))
    steps += _kiosk(known)
    displays = [one for one in known.devices if one.kind == Device.Kind.DISPLAY]
    for number, display in enumerate(displays):
        text = _("Hang up the display beside it: it shows who is called where.")
        if number:
            text = _("The office has one more display, for other counters.")
        steps.append(Step(text, str(display.name), _pair(known, display), posts=True))
    text = _("Look at the queue as people at home see it.")
    steps.append(Step(text, _("Live view"), reverse("monitor:office", args=[known.slug])))
    return Card("citizen", _("Citizen"), steps)


def _booking(known: Facts) -> list[Step]:
    services = reverse("citizen:services", args=[known.slug])
    if not has_mailbox():  # a real server sends the mails of this demo
        text = _("Book the nearest free time; an e-mail goes to the address that you enter.")
        return [Step(text, _("Book"), services)]
    text = _("Book the nearest free time. Any name and any e-mail address will do.")
    mail = _("The booking counts at once. Its e-mail is in the demo’s mailbox.")
    if known.confirmed_by_link:
        mail = _(
            "Open the e-mail in the demo’s mailbox and confirm the booking by its link; the page then shows a PIN."
        )
    return [
        Step(text, _("Book"), services),
        Step(mail, _("Demo’s mailbox"), reverse("mailbox:mails")),
    ]


def _kiosk(known: Facts) -> list[Step]:
    kiosk = next((one for one in known.devices if one.kind == Device.Kind.KIOSK), None)
    if kiosk is None:
        return []
    if known.bookable and known.walk_in:
        text = _(
            "Enter the PIN at the kiosk when your time comes (the clock above can be moved), or take a ticket without a booking."
        )
    elif known.bookable:
        text = _("Enter the PIN at the kiosk when your time comes; the clock above can be moved.")
    else:
        text = _("Take a ticket at the kiosk.")
    return [Step(text, str(kiosk.name), _pair(known, kiosk), posts=True)]


def _pair(known: Facts, device: Device) -> str:
    return reverse("tour:pair", args=[known.slug, device.code])


def _log_in(known: Facts, role: str, text: str) -> Step:
    label = _("Log in as %s") % known.names.get(role, "")
    return Step(text, label, reverse("tour:log_in", args=[known.slug, role]), posts=True)


def _clerk(known: Facts) -> Card:
    steps = [_log_in(known, "clerk", _("Choose a free counter and open it."))]
    if len(known.office.open_counters()) == 1:
        text = _(
            "This office has one counter only. To call people yourself, open it before you let people come."
        )
        steps.append(Step(text))
    steps += [
        Step(
            _(
                "Call the next client, serve, finish. Who waits, why this one is next, and the step back are on one screen."
            )
        ),
        Step(_("Nobody waits? Take a ticket at the kiosk, or let people come.")),
    ]
    return Card("clerk", _("Clerk at a counter"), steps)


def _reception(known: Facts) -> Card:
    text = _(
        "Find a booking by the PIN or the name and mark that the client has come; give a ticket to whoever prefers not to use the kiosk."
    )
    return Card("reception", _("Desk"), [_log_in(known, "reception", text)])


def _operator(known: Facts) -> Card:
    text = _("Find a client by name, telephone, e-mail or PIN, all by keyboard.")
    steps = [_log_in(known, "operator", text)]
    if known.bookable:
        steps.append(Step(_("Book, move or cancel while the client is on the telephone.")))
    return Card("operator", _("Operator on the telephone"), steps)


def _official(known: Facts) -> Card:
    steps = [
        _log_in(known, "official", _("See your own diary: the day, the week, who is booked.")),
        Step(
            _(
                "Enter an absence: before it is saved you see whom it touches and what they will be offered."
            )
        ),
    ]
    if known.by_video:
        steps.append(Step(_("Under “Meetings” enter the room of a meeting by video.")))
    return Card("official", _("Official with a diary"), steps)


def _head(known: Facts) -> Card:
    steps = [
        _log_in(known, "head", _("See today’s numbers, open counters and devices.")),
        Step(_("“Calls” says of each call why this client was next.")),
    ]
    if known.window_min:
        text = _(
            "“Bookings per window” says what more bookings would cost those who come without one."
        )
        steps.append(Step(text))
    if known.office.open_systems():
        text = _(
            "“What does not work”: declare that a register is down, and look at the kiosk and the display."
        )
        steps.append(Step(text))
    return Card("head", _("Head of the department"), steps)


def _administrator(known: Facts) -> Card:
    text = _("The whole office is one readable file: hours, services, counters, rules of booking.")
    more = _("Devices and their codes, staff and their roles, words of messages.")
    if sends_sms(known.office.office):
        more = _("Devices and their codes, staff and their roles, words of e-mails and SMS.")
    steps = [_log_in(known, "administrator", text), Step(more)]
    return Card("administrator", _("Administrator"), steps)


def begins_with(role: str, *, at_counter: bool) -> str:
    """What to try first, said on the screen to which the log-in leads."""
    if role == "clerk" and at_counter:
        return _("You are %(name)s at an open counter. Call the next client.")
    return {
        "clerk": _("You are %(name)s, a clerk. Choose a counter: you can call people at once."),
        "reception": _("You are %(name)s at the desk. Issue a ticket, or find a booking."),
        "operator": _(
            "You are %(name)s on the telephone. Search for a client, or choose a service and a free place."
        ),
        "official": _("You are %(name)s. This is your diary; try an absence."),
        "head": _("You are %(name)s, the head. Look at today, then at the reasons of calls."),
        "administrator": _(
            "You are %(name)s, the administrator. This file is the whole office; more is in the menu."
        ),
    }[role]


def first_page(role: str, known: Facts) -> str:
    """The screen on which the role begins."""
    if role == "official" and known.official:
        return reverse("console:diary", args=[known.slug, known.official.code])
    page = {
        "reception": "console:desk",
        "operator": "console:operators",
        "head": "manager:overview",
        "administrator": "manager:file",
    }.get(role, "console:office")
    return reverse(page, args=[known.slug])
