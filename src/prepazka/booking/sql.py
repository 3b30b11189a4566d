"""Hand-written SQL of booking; a test prepares each statement against the real schema."""

# ruff: noqa: S608  # made of constants and of numbers

from __future__ import annotations

from functools import lru_cache

from prepazka.booking.models import EXPIRING, LIVE, OPEN, BookingState, Channel
from prepazka.journal.statements import quoted

# Locks.
LOCK_DAYS = """
SELECT 1 FROM booking_officeday WHERE office_id = %s AND date = ANY(%s)
ORDER BY date FOR NO KEY UPDATE
"""
LOCK_DAY_OF_BOOKING = """
SELECT b.date FROM booking_booking b
JOIN booking_officeday d ON d.office_id = b.office_id AND d.date = b.date
WHERE b.id = %s FOR NO KEY UPDATE OF d
"""

# Free slots.
PUBLIC_CHANNELS = quoted(*(channel for channel in Channel if channel.is_public))
# A live row blocks its time unless it has expired; unconfirmed bookings block it for the agenda's
# return delay longer, hence two parameters.
STANDS = f"""NOT (b.state = {quoted(BookingState.HELD)} AND b.expires_at <= %s
               OR b.state = {quoted(BookingState.UNCONFIRMED)} AND b.expires_at <= %s)"""
# The waiting list sees freed slots that are not public yet.
STANDS_FOR_LIST = f"""{STANDS} AND NOT (b.state = {quoted(BookingState.HELD)}
               AND b.channel = {quoted(Channel.LIST)} AND b.offer_id IS NULL)"""


# Hand-written SQL, so that the planner uses the partial index of live bookings.
TAKEN = f"""
    SELECT date, array_agg(starts ORDER BY starts), array_agg(ends ORDER BY starts),
           array_agg(lanes ORDER BY starts), sum(places)::int
      FROM (
        SELECT b.date, (extract(epoch FROM b.starts_at) / 60)::int AS starts,
               (extract(epoch FROM b.ends_at) / 60)::int AS ends,
               bit_or(1::bigint << l.number::int) AS lanes,
               count(*) FILTER (WHERE b.channel IN ({PUBLIC_CHANNELS}))
                   * ceil(extract(epoch FROM b.ends_at - b.starts_at) / 60 / %s) AS places
          FROM booking_booking b
          JOIN booking_lane l ON l.id = b.lane_id AND l.office_id = %s AND l.agenda_id = %s
                             AND l.number < %s
         WHERE b.office_id = %s AND b.date BETWEEN %s AND %s
           AND b.state IN ({quoted(*LIVE)})
           AND {STANDS}
           AND (%s::uuid IS NULL OR b.id <> %s)
         GROUP BY b.date, b.starts_at, b.ends_at
      ) AS together
     GROUP BY date
"""
TAKEN_FOR_LIST = TAKEN.replace(STANDS, STANDS_FOR_LIST)


@lru_cache(maxsize=16)
def taken_in_diaries(words: int, *, for_list: bool) -> str:
    """TAKEN for the lanes of officials, with a buffer around each claim.

    Sets of officials are read in so many `words`. Busy time of the officials counts too, under the first day that it touches.
    """
    columns = [f"w{n}" for n in range(words)]
    lanes = ", ".join(f"bit_or(d.{w}) AS {w}" for w in columns)
    return f"""
    WITH diary AS MATERIALIZED (
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[]{", %s::bigint[]" * words})
            AS d(lane, official, buffer, {", ".join(columns)})
    )
    SELECT date, array_agg(starts ORDER BY starts), array_agg(ends ORDER BY starts),
           sum(places)::int, {", ".join(f"array_agg({w} ORDER BY starts)" for w in columns)}
      FROM (
        SELECT b.date, (extract(epoch FROM b.starts_at) / 60)::int - d.buffer AS starts,
               (extract(epoch FROM b.ends_at) / 60)::int + d.buffer AS ends, {lanes},
               count(*) FILTER (WHERE b.channel IN ({PUBLIC_CHANNELS}))
                   * ceil(extract(epoch FROM b.ends_at - b.starts_at) / 60 / %s) AS places
          FROM booking_booking b
          JOIN diary d ON d.lane = b.lane_id
         WHERE b.office_id = %s AND b.date BETWEEN %s AND %s
           AND b.state IN ({quoted(*LIVE)})
           AND {STANDS_FOR_LIST if for_list else STANDS}
           AND (%s::uuid IS NULL OR b.id <> %s AND b.companion_of_id IS DISTINCT FROM %s)
         GROUP BY b.date, b.starts_at, b.ends_at, d.buffer
        UNION ALL
        SELECT greatest((y.starts_at AT TIME ZONE %s)::date, %s::date),
               floor(extract(epoch FROM y.starts_at) / 60)::int - d.buffer,
               ceil(extract(epoch FROM y.ends_at) / 60)::int + d.buffer, {lanes}, 0
          FROM booking_busy y
          JOIN diary d ON d.official = y.official_id
         WHERE y.office_id = %s AND y.starts_at < %s AND y.ends_at > %s
         GROUP BY 1, 2, 3
      ) AS together
     GROUP BY date
    """


# Transitions.
PINS_IN_USE = f"""
SELECT pin FROM booking_booking WHERE office_id = %s AND pin = ANY(%s)
AND (date = %s OR state IN ({quoted(*OPEN)}))
UNION ALL
SELECT pin FROM booking_replacedpin WHERE office_id = %s AND date = %s AND pin = ANY(%s)
"""
END_EXPIRED = f"""
WITH due AS (
  SELECT id, expires_at FROM booking_booking
  WHERE office_id = %s AND date = %s AND state IN ({quoted(*EXPIRING)}) AND expires_at <= %s
)
UPDATE booking_booking b SET state = {quoted(BookingState.EXPIRED)}, ended_at = %s,
  expires_at = NULL, network = '', network_56 = '', network_48 = ''
FROM due WHERE b.id = due.id
RETURNING b.id, due.expires_at, b.requested_at IS NOT NULL OR b.offer_id IS NOT NULL
"""
CONFIRMED_OF_CONTACT = f"""
SELECT count(*) FROM booking_booking b JOIN offices_service s ON s.id = b.service_id
WHERE b.office_id = %s AND b.contact_hash = %s AND s.agenda_id = %s
AND b.ends_at > %s AND b.state = {quoted(BookingState.CONFIRMED)}
"""

# Limits of networks.
NETWORK_COUNTS = f"""
SELECT
  count(*) FILTER (WHERE live AND network = %(address)s),
  count(*) FILTER (WHERE live AND network_56 = %(area)s),
  count(*) FILTER (WHERE live),
  count(*) FILTER (WHERE hour AND network = %(address)s),
  count(*) FILTER (WHERE hour AND network_56 = %(area)s),
  count(*) FILTER (WHERE hour),
  count(*) FILTER (WHERE unclicked AND network = %(address)s),
  count(*) FILTER (WHERE unclicked AND network_56 = %(area)s),
  count(*) FILTER (WHERE unclicked),
  min(expires_at) FILTER (WHERE live)
FROM (
  SELECT network, network_56, expires_at,
    state IN ({quoted(*EXPIRING)}) AND expires_at > %(now)s AS live,
    state = {quoted(BookingState.CONFIRMED)} AND confirmed_at > %(day)s AS unclicked,
    state = {quoted(BookingState.CONFIRMED)} AND confirmed_at > %(hour)s AS hour
  FROM booking_booking
  WHERE office_id = %(office)s AND network_48 = %(site)s AND network_48 <> ''
    AND id IS DISTINCT FROM %(besides)s
    AND (%(before)s::timestamptz IS NULL OR created_at < %(before)s)
) AS of_network
"""
UNCONFIRMED_COUNT = f"""
SELECT count(*) FROM booking_booking
WHERE office_id = %(office)s AND network_48 <> '' AND crowds
AND (state IN ({quoted(*EXPIRING)}) AND expires_at > %(now)s
     OR state = {quoted(BookingState.CONFIRMED)} AND confirmed_at > %(hour)s)
"""
