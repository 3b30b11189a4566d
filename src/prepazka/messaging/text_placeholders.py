"""What an office's own texts of each kind of message may speak of.

Apart from `messaging.kinds`, which needs models: an office's file is checked without a database.
"""

from __future__ import annotations

from collections.abc import Mapping

from prepazka.core.message_texts import Placeholders

# By the subject of the message.
ALWAYS = frozenset({"office", "service"})
BOOKED = ALWAYS | {
    *("when", "come", "official", "place", "bring", "fee"),
    *("pin", "link", "move", "cancel", "again"),
}
TURN = ALWAYS | {"number", "link"}
OFFERED = BOOKED | {"terms", "until"}

OF_KINDS: Mapping[str, Placeholders] = {
    "confirm": Placeholders(BOOKED - {"pin", "move", "cancel"} | {"until"}, frozenset({"link"})),
    "confirmed": Placeholders(BOOKED, frozenset({"pin", "link"})),
    "moved": Placeholders(BOOKED, frozenset({"pin", "link"})),
    "reminder": Placeholders(BOOKED, frozenset({"pin", "link"})),
    "reminder_soon": Placeholders(BOOKED, frozenset({"pin", "link"})),
    "cancelled": Placeholders(BOOKED - {"pin", "move", "cancel"}),
    "cancelled_by_office": Placeholders(BOOKED - {"pin", "move", "cancel"}),
    "when": Placeholders(BOOKED, frozenset({"when"})),
    "reply_help": Placeholders(BOOKED),
    "reply_which": Placeholders(BOOKED | {"terms"}, frozenset({"terms"})),
    "reply_over": Placeholders(BOOKED - {"pin", "move", "cancel"}),
    "reminders_off": Placeholders(BOOKED),
    "displaced": Placeholders(BOOKED - {"pin", "move"}, frozenset({"when"})),
    "offer": Placeholders(OFFERED - {"pin", "move"}, frozenset({"terms", "link"})),
    "offer_withdrawn": Placeholders(BOOKED - {"pin", "move"}),
    "reassigned": Placeholders(BOOKED, frozenset({"link"})),
    "pin_changed": Placeholders(BOOKED, frozenset({"pin", "link"})),
    "restored": Placeholders(BOOKED, frozenset({"pin", "link"})),
    "incident": Placeholders(BOOKED | {"what", "system"}, frozenset({"system", "link"})),
    "incident_moved": Placeholders(
        BOOKED | {"what", "system", "expected"}, frozenset({"system", "expected", "link"})
    ),
    "incident_over": Placeholders(BOOKED | {"what", "system"}, frozenset({"system", "link"})),
    "mode_changed": Placeholders(BOOKED | {"how"}, frozenset({"how", "link"})),
    "late": Placeholders(BOOKED | {"minutes"}, frozenset({"minutes", "link"})),
    "room_changed": Placeholders(BOOKED | {"join"}, frozenset({"join", "link"})),
    "missed": Placeholders(BOOKED - {"pin", "move", "cancel"}),
    "on_list": Placeholders(ALWAYS | {"link", "again"}, frozenset({"link"})),
    "place": Placeholders(
        ALWAYS | {"link", "again", "terms", "until"}, frozenset({"terms", "link"})
    ),
    "wait_ended": Placeholders(ALWAYS | {"link"}, frozenset({"link"})),
    "dropped": Placeholders(ALWAYS | {"link", "again"}, frozenset({"link"})),
    "turn_near": Placeholders(TURN, frozenset({"number"})),
    "turn_called": Placeholders(TURN | {"counter"}, frozenset({"number", "counter"})),
}
