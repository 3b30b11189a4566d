// Shows new calls one after another, each with a steady highlight, and plays them by voice.js.
// A call is shown while it is played, and at least for HOLD; the next one waits.
import { play } from "./voice.js";

const HOLD = 6000; // ms for which a call is shown large
const CROWD = 5; // with more waiting calls than this, only the chime is played
const live = document.querySelector("[data-live]");
const queue = [];
let seen = keys();
let current = null;

function rows() {
  return [...document.querySelectorAll("[data-call]")].map((row) => ({ ...row.dataset }));
}

function keys() { return new Set(rows().map((row) => row.call)); }

function look() {
  if (live.querySelector("[data-reload]")) { location.reload(); return; }
  const now = rows();
  const valid = new Set(now.map((row) => row.ticket));
  const fresh = now.filter((row) => !seen.has(row.call) && row.state === "called");
  seen = new Set([...keys(), ...queue.map((row) => row.call)]);
  queue.push(...fresh.reverse());
  // A call taken back within seconds is not shown any more.
  if (now.length) {
    for (let i = queue.length - 1; i >= 0; i -= 1) {
      if (now.length < 6 && !valid.has(queue[i].ticket)) queue.splice(i, 1);
    }
  }
  if (current) paint();
  else next();
}

async function next() {
  current = queue.shift() ?? null;
  paint();
  if (!current) return;
  const say = current.say.split(" ").filter(Boolean);
  const volume = Number(document.querySelector("[data-volume]")?.dataset.volume ?? 100) / 100;
  const shown = new Promise((done) => { setTimeout(done, HOLD); });
  const played = play(queue.length > CROWD ? say.slice(0, 1) : say, volume);
  await Promise.all([shown, played]); // neither promise is ever rejected
  next();
}

function paint() {
  const place = document.querySelector("[data-latest]");
  if (!place) return;
  const shown = current ?? rows()[0];
  place.classList.toggle("is-new", current !== null);
  if (!shown) return;
  place.classList.toggle("is-long", "long" in shown);
  place.classList.toggle("is-far", "far" in shown);
  write(place, "number", shown.ticket);
  for (const name of ["word", "counter", "direction", "place"]) write(place, name, shown[name]);
  place.querySelector("[data-way]").className = `way way--${shown.arrow}`;
  const calling = current !== null || shown.state === "called";
  place.querySelector("[data-label-now]").hidden = !calling;
  place.querySelector("[data-label-last]").hidden = calling;
}

function write(place, name, text) { place.querySelector(`[data-${name}]`).textContent = text; }

live.addEventListener("live:updated", look);
