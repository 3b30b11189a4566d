"""The tables of the queue: tickets, shifts, off-line grants, estimates, alerts."""

from prepazka.queueing.models.estimates import Accuracy, Calibration, Learned, QuarterHour
from prepazka.queueing.models.hall_rows import (
    AT_COUNTER,
    IN_QUEUE,
    NumberSeries,
    Queue,
    Shift,
    Ticket,
    TicketState,
    WrongPin,
)
from prepazka.queueing.models.notices import IncidentNotice, TurnAlert
from prepazka.queueing.models.offline_rows import (
    BLOCK,
    BUSIEST_OF,
    ENOUGH,
    HEARD,
    MOST_NUMBERS,
    OFFLINE_FROM,
    SILENT_AFTER,
    CallLease,
    NumberLease,
    OfflineEvent,
    OfflineGrant,
)

__all__ = [
    "AT_COUNTER",
    "BLOCK",
    "BUSIEST_OF",
    "ENOUGH",
    "HEARD",
    "IN_QUEUE",
    "MOST_NUMBERS",
    "OFFLINE_FROM",
    "SILENT_AFTER",
    "Accuracy",
    "Calibration",
    "CallLease",
    "IncidentNotice",
    "Learned",
    "NumberLease",
    "NumberSeries",
    "OfflineEvent",
    "OfflineGrant",
    "QuarterHour",
    "Queue",
    "Shift",
    "Ticket",
    "TicketState",
    "TurnAlert",
    "WrongPin",
]
