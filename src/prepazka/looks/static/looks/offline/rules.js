// The rules of PINs and of the queue's order, as in core/pins.py and core/discipline.py. A table of
// cases made by Python tests that both agree (tests/looks/test_offline_rules.py). Times are in ms.
const MINUTE = 60000;
const REPRINT_WITHIN = 2 * MINUTE;

// --- PINs -----------------------------------------------------------------------------------

const OUTCOMES = ["inside", "registered_early", "late", "returned", "again", "early", "unconfirmed",
  "used", "missed", "void", "cancelled", "changed", "other_day", "other_office", "unknown"];
const ACCEPTED = ["inside", "registered_early", "late"];
const BY_STATE = {
  held: "unconfirmed", unconfirmed: "unconfirmed", expired: "unconfirmed",
  arrived: "used", served: "used", no_show: "void",
  cancelled_by_citizen: "cancelled", cancelled_by_office: "cancelled", displaced: "cancelled",
  pin_changed: "changed",
};
const ELSEWHERE = ["unconfirmed", "confirmed", "no_show"];

function byState(booking, closes, now) {
  if (booking.state !== "arrived" || !booking.missed) {
    const justGiven = (booking.givenHere ?? null) !== null && now - booking.givenHere < REPRINT_WITHIN;
    return booking.state === "arrived" && justGiven ? "again" : BY_STATE[booking.state];
  }
  if (now >= closes) return "void";
  return booking.returned ? "missed" : "returned";
}

function byTime(start, end, opens, closes, now) {
  if (now < opens) return "early";
  if (now < start) return "registered_early";
  if (now < end) return "inside";
  return now < closes ? "late" : "void";
}

function answer(booking, { office, today, now }) {
  const opens = booking.start - booking.early * MINUTE;
  const closes = booking.end + booking.late * MINUTE;
  let outcome;
  if (booking.office === office && booking.day === today) {
    outcome = byState(booking, closes, now) || byTime(booking.start, booking.end, opens, closes, now);
  } else if (!ELSEWHERE.includes(booking.state) || (booking.office !== office && booking.day !== today)) {
    return { outcome: "unknown", found: null };
  } else {
    outcome = booking.office === office ? "other_day" : "other_office";
  }
  return { outcome, found: booking, opens, closes };
}

function preference(given, today) {
  const booking = given.found;
  const rank = OUTCOMES.indexOf(given.outcome);
  if (!booking) return [rank, 1, 0, 0, ""];
  const days = Math.round((Date.parse(booking.day) - Date.parse(today)) / 86400000);
  return [rank, days < 0 ? 1 : 0, Math.abs(days), booking.start, booking.booking];
}

export function verdict(bookings, at) {
  const answers = bookings.map((booking) => answer(booking, at));
  const best = least(answers, (given) => preference(given, at.today)) ||
    { outcome: "unknown", found: null };
  return { ...best, accepted: ACCEPTED.includes(best.outcome), late: best.outcome === "late" };
}

// --- whose turn -------------------------------------------------------------------------------

const RETURNED = 0, CAPPED = 1, BOOKED = 2, STATUTORY = 3, WALK_IN = 4, NOT_YET = 5, PARKED = 6;

export function turn(w, policy, now) {
  const key = (rank, since, code, tie = WALK_IN) =>
    ({ key: [rank, since, tie, w.arrived, w.ticket], code, rank });
  if (w.parked !== null && now < w.parked) return key(PARKED, w.parked, "parked");
  if (w.returned !== null) return key(RETURNED, w.returned, "returned");
  const due = w.booked === null || w.late || now >= w.booked[0];
  if (policy.cap !== null && due && now >= w.arrived + policy.cap) {
    return key(CAPPED, w.arrived, "waited_long");
  }
  if (w.booked !== null && !w.late) {
    const [start, end] = w.booked;
    if (now < start) return key(NOT_YET, start, "booked_before_window");
    const code = now < end ? "booked_in_window" : "booked_kept_place";
    if (policy.headStart === null) return key(BOOKED, start, code);
    const since = Math.max(w.arrived, start);
    return key(WALK_IN, Math.min(w.arrived, since - policy.headStart), code, BOOKED);
  }
  if (w.statutory) {
    if (policy.headStart === null) return key(STATUTORY, w.arrived, "statutory");
    return key(WALK_IN, w.arrived - policy.headStart, "statutory", BOOKED);
  }
  return key(WALK_IN, w.arrived, w.late ? "late_for_window" : "walk_in");
}

export function mayBeCalled(w, { serves, counter, policy, now }) {
  if (w.forCounter === null && !serves.includes(w.service)) return false;
  if (w.forCounter !== null && w.forCounter !== counter) return false;
  const { rank } = turn(w, policy, now);
  return rank < NOT_YET || (rank === NOT_YET && policy.callEarly);
}

export function nextInTurn(waiting, at) {
  const able = waiting.filter((w) => mayBeCalled(w, at))
    .map((w) => ({ ticket: w.ticket, ...turn(w, at.policy, at.now) }));
  return least(able, (chosen) => chosen.key);
}

// --- comparing --------------------------------------------------------------------------------

function least(all, key) {
  let best = null;
  for (const candidate of all) if (!best || before(key(candidate), key(best))) best = candidate;
  return best;
}

function before(a, b) {
  for (let n = 0; n < a.length; n += 1) if (a[n] !== b[n]) return a[n] < b[n];
  return false;
}
