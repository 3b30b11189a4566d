"""Events as the journal stores them: ids and moments, never personal data."""

# ruff: noqa: F403  # a kind is named in one place only: where it is written

from prepazka.core.events.base import *
from prepazka.core.events.bookings import *
from prepazka.core.events.meetings import *
from prepazka.core.events.office import *
from prepazka.core.events.rooms import *
from prepazka.core.events.substitutes import *
from prepazka.core.events.tickets import *
from prepazka.core.events.waiting_list import *
