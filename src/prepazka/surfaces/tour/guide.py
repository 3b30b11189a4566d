"""The guided tour's steps by role, depending on what the office offers."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from prepazka.booking.slot_search import is_bookable
from prepazka.messaging.channels import sends_sms
from prepazka.offices.models import Device, Membership, Mode, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.demo_installation import has_mailbox
from prepazka.web.demo_people import OFFICIAL, STAFF, VISITOR

# Username prefix of each role; of the several clerks the one that visitors use.
LOG_INS = (
    {role: name for name, _name, role in reversed(STAFF)}
    | {"clerk": VISITOR}
    | {"official": OFFICIAL}
)


@dataclass(frozen=True)
class Step:
    """One thing to try, with an optional link or button."""

    text: str
    label: str = ""
    url: str = ""
    posts: bool = False


@dataclass(frozen=True)
class Card:
    """A role with its steps."""

    code: str
    title: str
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """Facts about the office on which the steps depend."""

    office: OfficeSnapshot
    devices: list[Device]
    names: dict[str, str]  # of the demo's people, by role
    official: Official | None  # the one with a log-in

    @property
    def slug(self) -> str:
        """The office's slug in addresses."""
        return self.office.slug

    @property
    def bookable(self) -> bool:
        """Whether anything can be booked on the web."""
        return any(is_bookable(self.office, s) for s in self.office.offered_services())

    @property
    def confirmed_by_link(self) -> int:
        """Minutes within which a booking must be confirmed by link; 0 if it is valid at once."""
        services = (s for s in self.office.offered_services() if is_bookable(self.office, s))
        return max((self.office.rules_of(s).confirm_min for s in services), default=0)

    @property
    def by_video(self) -> bool:
        """Whether a meeting can be booked by video."""
        services = (s for s in self.office.offered_services() if is_bookable(self.office, s))
        return any(Mode.VIDEO in s.modes for s in services)

    @property
    def window_min(self) -> int:
        """The longest arrival window of a service, in minutes; 0 if there are none."""
        services = (s for s in self.office.offered_services() if is_bookable(self.office, s))
        rules = (self.office.rules_of(service) for service in services)
        return max((r.window_min for r in rules if r.kind == "window"), default=0)

    @property
    def walk_in(self) -> bool:
        """Whether tickets are issued without a booking."""
        return any(service.walk_in for service in self.office.offered_services())


def read_facts(office: OfficeSnapshot) -> Facts:
    """Read the office's facts from the database."""
    log_ins = {f"{name}.{office.slug}": role for role, name in LOG_INS.items()}
    members = Membership.objects.filter(office=office.row, user__username__in=log_ins)
    names = {log_ins[m.user.username]: m.name for m in members.select_related("user")}
    with_log_in = Official.objects.filter(
        office=office.row,
        retired=False,
        user__username=f"{OFFICIAL}.{office.slug}",
    )
    devices = Device.objects.filter(office=office.row, retired=False)
    return Facts(office, list(devices.order_by("position")), names, with_log_in.first())


def tour_cards(facts: Facts) -> list[Card]:
    """The cards in the order of the tour: the citizen, then roles that have a log-in."""
    makers = (_clerk, _reception, _operator, _official, _head, _administrator)
    staff = [card for make in makers if (card := make(facts)).code in facts.names]
    return [_citizen(facts), *staff]


def _citizen(facts: Facts) -> Card:
    steps: list[Step] = []
    if facts.bookable:
        steps += _booking(facts)
    if facts.by_video:
        text = _(
            "If you choose a meeting by video, the e-mail has a link to the room. The official lets you in."
        )
        steps.append(Step(text))
    steps += _kiosk(facts)
    displays = [d for d in facts.devices if d.kind == Device.Kind.DISPLAY]
    for number, display in enumerate(displays):
        text = _("Open the display beside it: it shows who is called where.")
        if number:
            text = _("The office has one more display, for other counters.")
        steps.append(Step(text, str(display.name), _pair(facts, display), posts=True))
    text = _("See the queue as people at home see it.")
    steps.append(Step(text, _("Live view"), reverse("monitor:office", args=[facts.slug])))
    return Card("citizen", _("Citizen"), steps)


def _booking(facts: Facts) -> list[Step]:
    services = reverse("citizen:services", args=[facts.slug])
    if not has_mailbox():  # a real server sends the mails of this demo
        text = _("Book the next free time; an e-mail is sent to the address that you enter.")
        return [Step(text, _("Book"), services)]
    text = _("Book the next free time. Any name and any e-mail address will do.")
    mail = _("The booking counts at once. Its e-mail is in the demo’s mailbox.")
    if facts.confirmed_by_link:
        mail = _(
            "Open the e-mail in the demo’s mailbox and confirm the booking with its link; "
            "the page then shows a PIN."
        )
    return [
        Step(text, _("Book"), services),
        Step(mail, _("Demo’s mailbox"), reverse("mailbox:mails")),
    ]


def _kiosk(facts: Facts) -> list[Step]:
    kiosk = next((d for d in facts.devices if d.kind == Device.Kind.KIOSK), None)
    if kiosk is None:
        return []
    if facts.bookable and facts.walk_in:
        text = _(
            "Enter the PIN at the kiosk when your time comes (the clock above can be moved), or take a ticket without a booking."
        )
    elif facts.bookable:
        text = _("Enter the PIN at the kiosk when your time comes; the clock above can be moved.")
    else:
        text = _("Take a ticket at the kiosk.")
    return [Step(text, str(kiosk.name), _pair(facts, kiosk), posts=True)]


def _pair(facts: Facts, device: Device) -> str:
    return reverse("tour:pair", args=[facts.slug, device.code])


def _log_in(facts: Facts, role: str, text: str) -> Step:
    label = _("Log in as %s") % facts.names.get(role, "")
    return Step(text, label, reverse("tour:log_in", args=[facts.slug, role]), posts=True)


def _clerk(facts: Facts) -> Card:
    steps = [_log_in(facts, "clerk", _("Choose a free counter and open it."))]
    if len(facts.office.open_counters()) == 1:
        text = _(
            "This office has only one counter. To call people yourself, open it before "
            "you let people come."
        )
        steps.append(Step(text))
    steps += [
        Step(
            _(
                "Call the next client, serve, finish. Who is waiting, why this client is "
                "next, and how to undo a step are on one screen."
            )
        ),
        Step(_("Nobody is waiting? Take a ticket at the kiosk, or let people come.")),
    ]
    return Card("clerk", _("Clerk at a counter"), steps)


def _reception(facts: Facts) -> Card:
    text = _(
        "Find a booking by PIN or name and check the client in; issue a ticket to anybody "
        "who prefers not to use the kiosk."
    )
    return Card("reception", _("Desk"), [_log_in(facts, "reception", text)])


def _operator(facts: Facts) -> Card:
    text = _("Find a client by name, telephone number, e-mail or PIN, all from the keyboard.")
    steps = [_log_in(facts, "operator", text)]
    if facts.bookable:
        steps.append(Step(_("Book, move or cancel while the client is on the phone.")))
    return Card("operator", _("Phone operator"), steps)


def _official(facts: Facts) -> Card:
    steps = [
        _log_in(facts, "official", _("See your own diary: the day, the week, who is booked.")),
        Step(
            _(
                "Enter an absence: before it is saved you see who is affected and what "
                "they will be offered."
            )
        ),
    ]
    if facts.by_video:
        steps.append(Step(_("Under “Meetings” enter the room of a meeting by video.")))
    return Card("official", _("Official with a diary"), steps)


def _head(facts: Facts) -> Card:
    steps = [
        _log_in(facts, "head", _("See today’s numbers, open counters and devices.")),
        Step(_("“Calls” shows for each call why this client was next.")),
    ]
    if facts.window_min:
        text = _(
            "“Bookings per window” says what more bookings would cost those who come without one."
        )
        steps.append(Step(text))
    if facts.office.open_systems():
        text = _(
            "“What is not working”: report that a register is down, and look at the kiosk "
            "and the display."
        )
        steps.append(Step(text))
    return Card("head", _("Head of the department"), steps)


def _administrator(facts: Facts) -> Card:
    text = _("The whole office is one readable file: hours, services, counters, booking rules.")
    devices_text = _("Devices and their codes, staff and their roles, wording of messages.")
    if sends_sms(facts.office.row):
        devices_text = _(
            "Devices and their codes, staff and their roles, wording of e-mails and SMS."
        )
    steps = [_log_in(facts, "administrator", text), Step(devices_text)]
    return Card("administrator", _("Administrator"), steps)


def begins_with(role: str, *, at_counter: bool) -> str:
    """The hint shown after logging in as the role; `%(name)s` is the person."""
    if role == "clerk" and at_counter:
        return _("You are %(name)s at an open counter. Call the next client.")
    return {
        "clerk": _("You are %(name)s, a clerk. Choose a counter: you can call people at once."),
        "reception": _("You are %(name)s at the desk. Issue a ticket, or find a booking."),
        "operator": _(
            "You are %(name)s, a phone operator. Search for a client, or choose a service "
            "and a free time."
        ),
        "official": _("You are %(name)s. This is your diary; try an absence."),
        "head": _("You are %(name)s, the manager. Look at today, then at why people were called."),
        "administrator": _(
            "You are %(name)s, the administrator. This file is the whole office; more is in the menu."
        ),
    }[role]


def first_page(role: str, facts: Facts) -> str:
    """The address of the role's first screen."""
    if role == "official" and facts.official:
        return reverse("console:diary", args=[facts.slug, facts.official.code])
    page = {
        "reception": "console:desk",
        "operator": "console:operators",
        "head": "manager:overview",
        "administrator": "manager:file",
    }.get(role, "console:office")
    return reverse(page, args=[facts.slug])
