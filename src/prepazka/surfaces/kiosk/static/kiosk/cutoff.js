// The off-line kiosk: issues tickets from its own block of numbers and checks PINs by its own list.
// Screens are templates of the page. As soon as the server answers, the log is sent and the ordinary
// start screen is loaded.
import { verdict as verdictOf } from "../looks/offline/rules.js";
import { offlineStore } from "../looks/offline/store.js";

const TRY = 5000;
const LOW = 20; // a warning is shown when a letter has at most so many numbers left
const SHOWN = 60; // seconds for which a number is shown, as there may be no paper
const lang = document.documentElement.lang;
const { home } = document.body.dataset;
const keeper = offlineStore("kiosk", "/kiosk/zasoba/", []);
const screen = document.getElementById("screen");
let grant = null;
let wrong = 0;
let paused = 0;
let left = 0;
let busy = false;
let shown = "";
let used = {}; // the last number given of each letter

// --- screens --------------------------------------------------------------------------------

function show(name, words = {}, idle = 30) {
  shown = name;
  left = name === "start" || name === "closed" ? 0 : idle;
  const content = document.getElementById(`screen-${name}`).content.cloneNode(true);
  for (const place of content.querySelectorAll("[data-word]")) {
    if (words[place.dataset.word] !== undefined) write(place, words[place.dataset.word]);
  }
  // Sentences have placeholders [window], [opens], [closes] for times.
  for (const place of content.querySelectorAll("[data-times]")) {
    place.textContent = place.textContent.replace(/\[(\w+)\]/g, (_, key) => words[key] ?? "");
  }
  for (const place of content.querySelectorAll("[data-left]")) place.textContent = left;
  screen.replaceChildren(content);
  screen.querySelector("h1")?.focus();
}

// A text, or texts by language: that of the page, else the English, else the Czech one, else any.
function write(place, text) {
  const own = typeof text === "object";
  const code = own ? [lang, "en", "cs", ...Object.keys(text)].find((key) => text[key]) : lang;
  place.textContent = own ? text[code] ?? "" : text;
  if (code && code !== lang) place.lang = code;
}

const clock = (ms) => new Intl.DateTimeFormat(lang,
  { hour: "numeric", minute: "2-digit", hourCycle: "h23", timeZone: grant.zone }).format(ms).replace(/^0/, "");

function offered(now) {
  return grant.services.filter((service) => service.hours.some(([from, to]) => from <= now && now < to));
}

async function start() {
  if (grant && keeper.clock(grant) >= grant.expires) {
    grant = await keeper.ready();
    await readUsed();
  }
  const now = grant && keeper.clock(grant);
  if (!grant) return show("closed");
  show("start");
  const list = screen.querySelector("[data-services]");
  for (const service of offered(now)) {
    const content = document.getElementById("service").content.cloneNode(true);
    content.querySelector("[data-letter]").textContent = service.letter;
    write(content.querySelector("[data-name]"), service.name);
    content.querySelector("button").dataset.service = service.code;
    content.querySelector("button").dataset.touch = crypto.randomUUID();
    list.append(content);
  }
  if (!list.children.length) screen.querySelector("[data-lead]").hidden = true;
  screen.querySelector("[data-few]").replaceChildren(...few(offered(now)));
}

// --- numbers ----------------------------------------------------------------------------------

async function readUsed() {
  used = {};
  for (const letter of Object.keys(grant?.numbers || {})) {
    used[letter] = (await keeper.get(`used:${grant.grant}:${letter}`)) || 0;
  }
}

const leftOf = (letter) => (grant.numbers[letter] || [])
  .reduce((sum, [first, last]) => sum + Math.max(0, last - Math.max(first - 1, used[letter] || 0)), 0);

// A line for each letter with few numbers left, so that staff can act in time.
function few(services) {
  const letters = [...new Set(services.map((service) => service.letter))].sort();
  return letters.filter((letter) => leftOf(letter) <= LOW).map((letter) => {
    const n = leftOf(letter);
    const form = n ? new Intl.PluralRules(lang).select(n) : "none";
    const line = document.createElement("p");
    line.textContent = document.getElementById(`few-${form}`).content.textContent
      .replace("[n]", n).replace("[letter]", letter);
    return line;
  });
}

// --- tickets ----------------------------------------------------------------------------------

// The next number of the letter; a repeated touch gets its previous number.
function issue(service, letter, touch, more = {}, mark = {}) {
  return keeper.write({ kind: "issue", touch, service, language: lang, ...more }, async (now) => {
    const given = (await keeper.get("touches")) || {};
    if (given[touch]) return { known: given[touch] };
    const last = (await keeper.get(`used:${now.grant}:${letter}`)) || 0;
    const block = (now.numbers[letter] || []).find(([, end]) => last < end);
    if (!block) return { known: "none" };
    const number = Math.max(block[0], last + 1);
    const label = `${letter}${number}`;
    used[letter] = number;
    const touches = now.day === given.day ? { ...given, [touch]: label } : { day: now.day, [touch]: label };
    return {
      body: { label }, answer: label,
      keep: { [`used:${now.grant}:${letter}`]: number, touches, ...(mark.of ? mark.of(label) : {}) },
    };
  });
}

async function give(code, touch) {
  const service = grant.services.find((candidate) => candidate.code === code);
  const label = service && await issue(code, service.letter, touch);
  await keeper.drop("pending");
  if (!label || label === "none") return show("none");
  ticket(label, service);
}

function ticket(label, service, name = "ticket", words = {}) {
  show(name, { ...words, number: label, service: service.name }, SHOWN);
  const paper = screen.querySelector("[data-paper]");
  if (paper) paper.hidden = !grant.prints;
  const none = screen.querySelector("[data-no-paper]");
  if (none) none.hidden = grant.prints;
  if (!grant.prints) return;
  const now = keeper.clock(grant);
  paperOf({
    number: label,
    service: service.name,
    issued: `${grant.dates?.[lang] ?? ""} ${clock(now)}`,
    window: words.window,
    turn: words.turn,
    late: name === "late" ? "1" : "",
    where: service.where?.[lang] || "",
  });
  setTimeout(() => print(), 200);
}

// The sheet that the browser prints, without empty lines.
function paperOf(words) {
  const sheet = document.querySelector(".ticket-paper");
  for (const place of sheet.querySelectorAll("[data-paper-word]")) {
    write(place, words[place.dataset.paperWord] || "");
  }
  for (const line of sheet.querySelectorAll("[data-paper-line]")) {
    line.hidden = !words[line.dataset.paperLine];
  }
  sheet.querySelector(".ticket-paper__number").dataset.length = words.number.length;
}

// --- PINs ---------------------------------------------------------------------------------------

async function pin(typed, touch) {
  const now = keeper.clock(grant);
  if (now < paused) return pause();
  if (typed.length < 4) return show("short");
  if (await guarded(now)) return show("reception");
  const h = await keeper.hmac(grant.pinKey, typed);
  const used = (await keeper.get(`pins:${grant.grant}`)) || {};
  const given = used[h];
  const bookings = grant.pins.filter((booking) => booking.h === h).map((booking) => (given
    ? { ...booking, state: "arrived", since: given.at ?? null, givenHere: given.at ?? null } : booking));
  const verdict = verdictOf(bookings, { office: grant.office, today: grant.day, now });
  const words = verdict.found ? {
    window: `${clock(verdict.found.start)}–${clock(verdict.found.end)}`,
    turn: verdict.found.start > now ? clock(verdict.found.start) : "",
    opens: clock(verdict.opens), closes: clock(verdict.closes), since: verdict.found.since ? clock(verdict.found.since) : "",
    call: verdict.found.call ? `${verdict.found.call[lang] || verdict.found.call.en || verdict.found.call.cs}.` : "",
  } : {};
  // Only the server can return a ticket to the queue; this says what happened and where to go.
  if (verdict.outcome === "returned") verdict.outcome = "missed";
  if (verdict.accepted) return arrive(verdict, h, used, touch, words);
  await keeper.write({ kind: "pin", label: "", outcome: verdict.outcome }, () => ({}));
  if (verdict.outcome === "again") return reprint(verdict, given, words);
  if (verdict.outcome === "unknown") await noteWrong(now);
  if (verdict.outcome === "unknown" && (wrong += 1) >= grant.wrong_pins) {
    wrong = 0;
    paused = now + grant.pause * 1000;
    return pause();
  }
  show(verdict.outcome, words);
  const since = screen.querySelector("[data-since]");
  if (since) since.hidden = !words.since;
}

// Telephone numbers are not available off-line, so the kiosk refers people to reception instead.
async function guarded(now) {
  const { wrong: most, within, until } = grant.guard;
  const times = (await keeper.get("wrong")) || [];
  return now < until || times.filter((at) => at > now - within).length >= most;
}

async function noteWrong(now) {
  const times = (await keeper.get("wrong")) || [];
  await keeper.put("wrong", [...times.filter((at) => at > now - grant.guard.within), now]);
}

// After a paper jam, or if the PIN was entered twice, the same ticket is shown.
function reprint(verdict, given, words) {
  const service = grant.services.find((candidate) => candidate.code === verdict.found.service) || { name: { cs: "" } };
  ticket(given.label, service, given.late ? "late" : "arrived", words);
}

async function arrive(verdict, h, used, touch, words) {
  wrong = 0;
  const service = grant.services.find((candidate) => candidate.code === verdict.found.service)
    || { name: { cs: "" }, letter: verdict.found.letter };
  const label = await issue(verdict.found.service, verdict.found.letter, touch,
    { h, late: verdict.late, outcome: verdict.outcome },
    { of: (given) => ({
      [`pins:${grant.grant}`]: { ...used, [h]: { label: given, at: keeper.clock(grant), late: verdict.late } },
    }) });
  if (label === "none") return show("none");
  ticket(label, service, verdict.late ? "late" : "arrived", words);
}

function pause() {
  const seconds = Math.ceil((paused - keeper.clock(grant)) / 1000);
  show("paused", { seconds }, seconds);
}

// --- touches -------------------------------------------------------------------------------------

async function once(work) {
  if (busy) return;
  busy = true;
  try { await work(); } catch { show("broken"); } finally { busy = false; }
}

document.addEventListener("click", (event) => {
  left = left && Math.max(left, 30);
  const button = event.target.closest("button");
  if (!button) return;
  const { service, touch, go, key } = button.dataset;
  if (service) return once(() => give(service, touch));
  if (go === "pin") { show("pin"); screen.querySelector("[data-confirm]").dataset.touch = crypto.randomUUID(); }
  else if (go === "start") start();
  else if (key) type(key);
  else if ("confirm" in button.dataset) {
    const typed = screen.querySelector("#pin").value;
    once(() => pin(typed, touch));
  }
});

function type(key) {
  const field = screen.querySelector("#pin");
  if (key === "back") field.value = field.value.slice(0, -1);
  else if (field.value.length < 4) field.value += key;
}

setInterval(() => {
  const over = grant && keeper.clock(grant) >= grant.expires; // the day has ended
  if (!busy && (over || (left && (left -= 1) <= 0))) start();
  for (const place of document.querySelectorAll("[data-left]")) place.textContent = left || "";
}, 1000);

// --- back to the server ---------------------------------------------------------------------------

let returning = false; // sending a long log may last beyond the next attempt

async function back() {
  if (returning) return;
  returning = true;
  try { await goBack(); } finally { returning = false; }
}

async function goBack() {
  const reply = await keeper.renew({ version: "cutoff", loaded: Math.round(performance.now()) });
  if (reply.refused) return;
  await keeper.upload();
  grant = await keeper.ready();
  await readUsed();
  // A number on the screen is not replaced while somebody reads it.
  if (["start", "closed"].includes(shown)) location.replace(home);
}

(async () => {
  grant = await keeper.ready();
  await readUsed();
  const pending = await keeper.get("pending");
  const typed = JSON.parse(sessionStorage.getItem("pin") || "null");
  sessionStorage.removeItem("pin");
  if (grant && typed) await once(() => pin(typed.pin, typed.touch));
  else if (grant && pending && Date.now() - pending.at < 300000) {
    await once(() => give(pending.service, pending.touch));
  } else start();
  setInterval(() => back().catch(() => {}), TRY);
})().catch(() => show("broken"));
