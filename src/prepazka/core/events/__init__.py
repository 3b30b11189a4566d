"""Events as the journal stores them: ids and moments, never personal data."""

# ruff: noqa: F403  # a kind is named in one place only: where it is written

from prepazka.core.events.booking_events import *
from prepazka.core.events.event_registry import *
from prepazka.core.events.meeting_events import *
from prepazka.core.events.office_events import *
from prepazka.core.events.room_events import *
from prepazka.core.events.substitute_events import *
from prepazka.core.events.ticket_events import *
from prepazka.core.events.waiting_list_events import *
