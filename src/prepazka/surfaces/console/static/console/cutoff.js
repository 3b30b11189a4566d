// The off-line counter: it calls from its own list in the queue's order, and numbers that an off-line
// kiosk issues. Steps are signed and stored until the server answers, then they are sent and the
// ordinary console is loaded.
import { nextInTurn } from "../looks/offline/rules.js";
import { offlineStore } from "../looks/offline/store.js";

const TRY = 5000;
const { url, home } = document.getElementById("offline-counter").dataset;
const lang = document.documentElement.lang;
const keeper = offlineStore("console", url, []);
const $ = (id) => document.getElementById(id);
let grant = null;
let state = null; // { grant, called: [labels], current: {label, state} | null }
let busy = false;
let presses = 0;
let returning = false; // sending a long log may last beyond the next attempt

const key = () => `calls:${grant.grant}`;
const nameOf = (service) => { const all = grant.services[service]; return all ? all[lang] || all.en || all.cs : ""; };

// The tickets that this counter may still call: its list from the server without those called.
const waiting = () => grant.tickets.filter((w) => !state.called.includes(w.label));

const next = () => nextInTurn(waiting(), {
  serves: grant.serves, counter: grant.counter, policy: grant.policy, now: keeper.clock(grant),
});

async function does(kind, label, more, change) {
  const now = { ...state, ...change };
  await keeper.write({ kind, label, ...more }, () => ({ keep: { [key()]: now } }));
  state = now;
  draw();
}

const call = (label, code) => does("call", label, { code }, {
  called: state.called.includes(label) ? state.called : [...state.called, label],
  current: { label, state: "called" },
});

// The counter that may call a kiosk's number; counters that serve its letter divide the numbers.
const shareOf = (letter) => grant.shares.find((share) => share.letter === letter);
const isMine = (share, n) => share.mine.includes((n - grant.first) % share.step);
const owner = (share, n) => share.owners?.[(n - grant.first) % share.step];

// The next number of a kiosk's block that this counter has not called; null if there is none.
function nextNumber(block) {
  const share = shareOf(block.letter);
  for (let n = (block.given ?? block.first - 1) + 1; share && n <= block.last; n += 1) {
    if (isMine(share, n) && !state.called.includes(`${block.letter}${n}`)) return n;
  }
  return null;
}

const steps = {
  next: () => { const turn = next(); const ticket = turn && waiting().find((x) => x.ticket === turn.ticket); return ticket && call(ticket.label, turn.code); },
  again: () => call(state.current.label, "again"),
  start: () => does("start", state.current.label, {}, { current: { ...state.current, state: "serving" } }),
  finish: () => does("finish", state.current.label, {}, { current: null }),
  absent: () => does("absent", state.current.label, {}, { current: null }),
};

// The answer about a typed number that this counter may not call; null if it may.
function refusal(label) {
  const [, letter, digits] = label.match(/^(\p{Lu}{1,3})([0-9]{1,6})$/u) || [];
  if (!letter) return ["unreadable"];
  const n = Number(digits);
  if (state.called.includes(label)) return ["called-here"];
  if (waiting().some((w) => w.label === label)) return null;
  if (n < grant.first) return ["not-listed"];
  const share = shareOf(letter);
  if (!share) return ["other-letter"];
  return isMine(share, n) ? null : ["other-share", owner(share, n)];
}

function say(name, label, counter) {
  const words = name ? $(`say-${counter || name !== "other-share" ? name : "not-mine"}`).content.textContent : "";
  $("answer").textContent = words.replace("{label}", label).replaceAll("{counter}", counter || "");
}

async function typed() {
  const label = $("typed").value.trim().toUpperCase().replace(/\s/g, "").replace(/^(\p{Lu}+)0+(?=[0-9])/u, "$1");
  if (!label) return;
  const refused = refusal(label);
  if (refused) return say(refused[0], label, refused[1]);
  $("typed").value = "";
  await call(label, "offline_number");
}

function able(button, may) {
  button.disabled = !may;
  button.toggleAttribute("data-disabled", !may);
  if (!may) button.dataset.disabled = "true";
}

function draw() {
  const { current } = state;
  $("counter").textContent = grant.name[lang] || grant.name.en || grant.name.cs;
  $("number").textContent = current ? current.label : "–";
  $("called").hidden = current?.state !== "called";
  $("serving").hidden = current?.state !== "serving";
  $("idle").hidden = Boolean(current);
  const turn = next();
  const may = {
    next: !current && turn, again: current?.state === "called", start: current?.state === "called",
    finish: current, absent: current?.state === "called",
  };
  for (const button of document.querySelectorAll("[data-step]")) able(button, may[button.dataset.step]);
  for (const button of document.querySelectorAll("[data-typed]")) able(button, !current);
  $("list").replaceChildren(...waiting().map((w) => {
    const row = document.createElement("li");
    row.textContent = `${w.label} – ${nameOf(w.service)}`;
    return row;
  }));
  say();
  const offered = (grant.blocks || []).map((block) => [block.letter, nextNumber(block)]).filter(([, n]) => n !== null);
  const labels = offered.map(([letter, n]) => `${letter}${n}`).join(" ");
  const numbers = $("numbers");
  // The buttons are not replaced, because a press that has begun on one would be lost.
  if (numbers.dataset.labels === labels) for (const button of numbers.querySelectorAll("[data-number]")) able(button, !current);
  else numbers.replaceChildren(...offered.map(([letter, n]) => {
    const content = $("number-button").content.cloneNode(true);
    const button = content.querySelector("button");
    button.dataset.number = `${letter}${n}`;
    able(button, !current);
    content.querySelector("[data-label]").textContent = `${letter}${n}`;
    return content;
  }));
  numbers.dataset.labels = labels;
  $("no-numbers").hidden = offered.length > 0;
}

async function once(work) {
  if (busy || !grant) return;
  busy = true;
  presses += 1;
  try { await work(); } catch { $("broken").hidden = false; } finally { busy = false; }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if (button.dataset.step) once(steps[button.dataset.step]);
  else if (button.dataset.number) once(() => call(button.dataset.number, "offline_number"));
  else if ("typed" in button.dataset) once(typed);
});

$("typed").addEventListener("keydown", (event) => {
  if (event.key === "Enter") document.querySelector("[data-typed]").click();
});

// Beside the presses: a server that takes a request and does not answer must not hold them up.
async function back() {
  if (busy || returning) return;
  returning = true;
  const before = presses;
  try {
    // The log is sent before a new list is requested, because its calls refer to the present list.
    await keeper.upload();
    const answer = await fetch(home, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(8000) });
    // What was pressed meanwhile is sent first, by the next attempt.
    if (answer.status < 500 && !busy && presses === before) location.replace(home);
  } finally {
    returning = false;
  }
}

(async () => {
  if (localStorage.getItem("screen-locked")) {
    // The screen was locked before the server became unreachable, and only the server can unlock it.
    $("locked").hidden = false;
    return;
  }
  grant = await keeper.ready();
  if (!grant) { $("broken").hidden = false; return; }
  state = (await keeper.get(key())) || { called: [], current: grant.current };
  // The last state seen on-line is newer than that of an earlier outage; but kiosks' numbers called
  // then may be unknown to the server, so they stay called.
  if (state.heard !== grant.heard) {
    const called = state.called.filter((label) => Number(label.replace(/^\D+/, "")) >= grant.first);
    state = { called, heard: grant.heard, current: grant.current };
  }
  await keeper.put(key(), state);
  draw();
})().catch(() => { $("broken").hidden = false; });
setInterval(() => back().catch(() => {}), TRY);
