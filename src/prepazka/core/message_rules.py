"""An office's rules for short messages and reminders."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prepazka.core import calendar
from prepazka.core.message_texts import Texts

DAY_BEFORE, HOURS_BEFORE = "day", "hours"


@dataclass(frozen=True, slots=True)
class MessageRules:
    """Rules of short messages; quiet hours are local minutes and may span midnight."""

    sms: bool = False
    sender: str = ""
    monthly_limit: int | None = 2000  # in parts, as the gateway charges them; None: no limit
    unicode: bool = False
    quiet_from_min: int = 20 * 60
    quiet_to_min: int = 8 * 60  # equal to the start: never quiet
    reminders: tuple[str, ...] = (DAY_BEFORE, HOURS_BEFORE)
    texts: Texts = field(default_factory=dict)

    def __post_init__(self) -> None:
        # JSON gives it back as a list.
        object.__setattr__(self, "reminders", tuple(self.reminders))

    def data(self) -> dict[str, Any]:
        """The rules as stored in JSON; empty for the defaults."""
        if self == MessageRules():
            return {}
        return {**asdict(self), "reminders": list(self.reminders)}

    def quiet_until(self, now: datetime, tz: ZoneInfo) -> datetime | None:
        """When a message that can wait may be sent; None: now."""
        start, end = self.quiet_from_min, self.quiet_to_min
        local = now.astimezone(tz)
        minute = local.hour * 60 + local.minute
        if start <= end:
            quiet, tomorrow = start <= minute < end, False
        else:
            quiet, tomorrow = minute >= start or minute < end, minute >= start
        if not quiet:
            return None
        day = local.date() + timedelta(days=1 if tomorrow else 0)
        ends_at = calendar.local_instant(day, end, tz)
        # In the hour that the clocks repeat in autumn, the first occurrence may have passed.
        return ends_at if ends_at > now else ends_at + timedelta(hours=1)
