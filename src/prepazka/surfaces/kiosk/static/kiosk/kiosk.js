// The kiosk's behaviour with scripts: requests are repeated while the server is unreachable, the screen
// returns to the start by itself, and the keypad needs no round trips. It works without scripts too.
import { pend, takeOver } from "./keep.js";

const AGAIN = 3000; // ms between attempts
const TIMEOUT = 8000;
const LONG = 15000; // ms of being unreachable, after which the screen refers people to the desk
const FRESHEN = 60000; // ms after which an untouched start screen is reloaded
const body = document.body;
const panel = document.querySelector("[data-offline]");
let busy = false;

// --- the server, until it answers ---------------------------------------------------------

const wait = (ms, stop) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  stop.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

async function ask(url, options) {
  const answer = await fetch(url, {
    ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT),
  });
  if (answer.status >= 500) throw new Error(String(answer.status));
  return answer;
}

// Repeats the request; the touch's idempotency key prevents a second ticket.
async function reach(url, options = {}, form = null) {
  if (busy) return;
  busy = true;
  const given = new AbortController();
  panel.querySelector("[data-offline-stop]").onclick = () => { given.abort(); hide(); };
  const since = Date.now();
  while (!given.signal.aborted) {
    try {
      const answer = await ask(url, options);
      if (given.signal.aborted) break;
      // A page that asks another question has no address, so the form itself is submitted to load it.
      if (form && !answer.redirected) form.submit();
      else location.assign(answer.url);
      return; // stays busy, because the page is being left
    } catch {
      if (await takeOver().catch(() => false)) return;
      show(Date.now() - since > LONG);
      const now = new AbortController();
      panel.querySelector("[data-offline-now]").onclick = () => now.abort();
      given.signal.addEventListener("abort", () => now.abort());
      await wait(AGAIN, now.signal);
    }
  }
  busy = false;
}

function show(long) {
  if (panel.hidden) { panel.hidden = false; panel.focus(); }
  panel.querySelector("[data-offline-long]").hidden = !long;
}

function hide() { panel.hidden = true; restart(); }

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-go], .languages a");
  if (!link) return;
  event.preventDefault();
  reach(link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-touch]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  pend(form).catch(() => {}).then(() => reach(form.action, { method: "POST", body }, form));
});

// --- back to the start ----------------------------------------------------------------------

const seconds = Number(body.dataset.idle || 0);
const fixed = document.querySelector(".kiosk-pause") !== null;
const box = document.querySelector("[data-idle-box]");
let left = seconds;

function tick() {
  if (busy) return;
  left -= 1;
  for (const place of document.querySelectorAll("[data-idle-left]")) {
    place.textContent = String(Math.max(left, 0));
  }
  if (left <= 0) reach(body.dataset.idleTo);
}

function restart() { if (!fixed) left = seconds; }

if (seconds) {
  if (box) box.hidden = false;
  setInterval(tick, 1000);
  for (const sign of ["pointerdown", "keydown", "input"]) {
    document.addEventListener(sign, restart, { passive: true });
  }
  document.querySelector("[data-idle-more]")?.addEventListener("click", restart);
}
if ("start" in body.dataset) setInterval(() => reach(location.href), FRESHEN);

// --- keypad ---------------------------------------------------------------------------------

// The second answer may be a booking's code, which has letters.
const pin = document.querySelector(".kiosk-pin-input");
if (pin) {
  pin.inputMode = "none"; // our keys, not those of the system
  if (pin.id === "pin") {
    pin.addEventListener("input", () => { pin.value = pin.value.replace(/\D/g, ""); });
  }
  document.addEventListener("click", (event) => {
    const key = event.target.closest("[name=key]");
    if (!key) return;
    event.preventDefault();
    if (key.value === "back") pin.value = pin.value.slice(0, -1);
    else if (pin.value.length < pin.maxLength) pin.value += key.value;
  });
}

// --- paper by the browser ---------------------------------------------------------------------

if ("print" in body.dataset) {
  // A reload must not print again.
  history.replaceState(null, "", location.pathname);
  addEventListener("load", () => setTimeout(() => window.print(), 200));
}
