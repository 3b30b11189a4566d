"""Steps of a clerk at a counter that need no further input, for pages and programs.

Keys are the names of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prepazka.queueing import counters, turns
from prepazka.queueing.models import Shift, Ticket

# Called with `office`, `clerk` and `now`; the answer is the client.
CLIENT_STEPS: Mapping[str, Callable[..., Ticket]] = {
    "next": turns.call_next,
    "recall": turns.recall_client,
    "start": turns.start_serving,
    "finish": turns.finish_service,
    "absent": turns.mark_no_show,
    "undo": turns.undo_last_step,
}
# Called with the clerk's open `shift` and `now`.
COUNTER_STEPS: Mapping[str, Callable[..., Shift | None]] = {
    "pause": counters.pause_counter,
    "resume": counters.resume_counter,
    "close": counters.close_counter,
}
