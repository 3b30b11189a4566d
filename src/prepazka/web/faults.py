"""Faults of devices in words, for staff."""

from __future__ import annotations

from django.utils.translation import gettext as _


def in_words(fault: str) -> str:
    """The text for a fault code reported by a device."""
    texts = {
        "printer_no_paper": _("the printer is out of paper"),
        "printer_open": _("the printer is open"),
        "printer_unreachable": _("the printer does not respond"),
        "printer_silent": _("the printer accepts tickets but no longer responds; it may be jammed"),
        "sound_blocked": _("the browser does not play sound until the display is touched"),
        "sound_broken": _("the display cannot play its sounds"),
        "printer_broken": _("the printer does not print"),
    }
    return texts.get(fault) or _("the device reports a fault")
