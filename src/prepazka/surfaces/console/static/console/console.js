// The console's keys and presses. Without this file every button is a plain form.
// A button with data-key is pressed by that key; the form #steps is sent in the background and
// the board is replaced in place, so that focus and scroll position stay.
import { released } from "../looks/live.js";
import { ended, pressed, takeOver } from "./keep.js";

const board = document.getElementById("board");
const announcement = document.getElementById("said");
const keys = document.getElementById("keys-on");
let focused = "";
let opened = [];
let counting = 0;  // the timer of the undo bar
let sending = "";  // the id of the button whose request is under way
let waiting = "";  // a selector of the button pressed meanwhile; repeats of the same press are dropped

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const shown of document.querySelectorAll("[data-seconds-left]")) {
  // Counted from the server's number of seconds, as this computer's clock may be wrong.
  const ends = performance.now() + 1000 * Number(shown.dataset.secondsLeft);
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left) return;
    clearInterval(timer);
    shown.closest("form").querySelector("button[type=submit]").disabled = true;
  };
  const timer = setInterval(tick, 1000);
  tick();
}

if (keys) {
  keys.checked = localStorage.getItem("keys") !== "off";
  keys.closest("label").hidden = false;
  keys.addEventListener("change", () => localStorage.setItem("keys", keys.checked ? "on" : "off"));
}

// A digit by its physical key, because Czech keyboards type +ěščřžýáíé there without Shift.
function keyOf(event) {
  const row = /^Digit([0-9])$/.exec(event.code);
  if (row) return row[1];
  const wanted = event.key.toLowerCase();
  return /^[a-z0-9]$/.test(wanted) ? wanted : "";
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (keys ? !keys.checked : localStorage.getItem("keys") === "off") return;
  if (event.key === "Escape" && board) return closePanels();
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const wanted = keyOf(event);
  if (!wanted) return;
  const named = `[data-key="${wanted}"]`;
  const button = document.querySelector(named);
  if (!button || button.disabled) {
    // A quick clerk presses the next step before the response to the last one has brought its button.
    if (sending) waiting = named;
    return;
  }
  event.preventDefault();
  button.click();
  const panel = button.closest("details");
  if (!panel || !panel.open) return;
  // Scrolls no further than needed, so that the other buttons stay in place.
  panel.querySelector("button")?.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
});

function closePanels() {
  for (const panel of board.querySelectorAll("details[open]")) {
    panel.open = false;
    panel.querySelector("summary").focus();
  }
}

function remember() {
  opened = [...board.querySelectorAll("details[open]")].map((panel) => panel.id);
}

// After the board was replaced: keeps panels open and the focus, or moves it to the client.
function restore(panels) {
  for (const id of panels) {
    const panel = document.getElementById(id);
    if (panel) panel.open = true;
  }
  if (focused && !board.contains(document.activeElement)) {
    const same = document.getElementById(focused);
    if (same && !same.disabled) same.focus();
    else document.getElementById("current")?.focus();
  }
  countDown();
  dropCalled();
}

// Hides the undo bar when its time is over, but keeps its space, so that no button moves. Counted
// from the server's number of seconds, as this computer's clock may be wrong or jump.
function countDown() {
  clearInterval(counting);
  const bar = board.querySelector("[data-undo]");
  if (!bar) return;
  const ends = performance.now() + 1000 * Number(bar.dataset.undo);
  const shown = bar.querySelector("[data-seconds]");
  counting = setInterval(() => {
    const left = Math.ceil((ends - performance.now()) / 1000);
    if (left > 0) {
      shown.textContent = left;
      return;
    }
    clearInterval(counting);
    if (bar.contains(document.activeElement)) document.getElementById("current")?.focus();
    bar.remove();
  }, 250);
}

// Removes the called ticket from the hall's half of the board, which is older than this press.
function dropCalled() {
  const called = board.querySelector("[data-ticket]")?.dataset.ticket;
  const row = called && board.querySelector(`[data-waits="${called}"]`);
  if (!row) return;
  row.remove();
  const many = board.querySelector("[data-waiting]");
  if (many) many.textContent = Math.max(0, Number(many.textContent) - 1);
}

function watchBoard() {
  document.addEventListener("focusin", (event) => {
    focused = board.contains(event.target) ? event.target.id || "current" : "";
  });
  board.addEventListener("toggle", remember, true);
  board.addEventListener("live:updated", () => restore(opened));
  countDown();

  document.getElementById("steps").addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || "plain" in button.dataset) return;
    event.preventDefault();
    if (sending) {
      if (button.id !== sending) waiting = `#${button.id}`;
      return;
    }
    sending = button.id;
    board.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(button.getAttribute("formaction"), {
        method: "POST", body: new FormData(event.target, button), headers: { "X-Fragment": "1" },
      });
      const elsewhere = answer.headers.get("X-Go");
      if (elsewhere) {
        await ended().catch(() => {});
        return window.location.assign(elsewhere);
      }
      if (answer.ok) await pressed(button.getAttribute("formaction")).catch(() => {});
      if (answer.status === 423) return document.dispatchEvent(new Event("screen:ask"));
      if (answer.redirected || answer.status === 401) return window.location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      // Only the counter's half; the hall's half is updated by the live message about this press.
      const now = document.getElementById("now");
      const html = await answer.text();
      await released(now);
      now.innerHTML = html;
      const news = now.querySelector("template[data-said]");
      announcement.replaceChildren(...(news ? news.content.childNodes : []));
      board.dispatchEvent(new Event("live:refresh"));
      restore([]);
      opened = [];
    } catch {
      if (await takeOver().catch(() => false)) return;
      // Submit as a plain form, so that the server's error page is shown.
      event.target.action = button.getAttribute("formaction");
      button.dataset.plain = "1";
      event.target.requestSubmit(button);
    } finally {
      sending = "";
      board.removeAttribute("aria-busy");
      const next = waiting && document.querySelector(waiting);
      waiting = "";
      if (next && !next.disabled) next.click();
    }
  });
}

if (board) watchBoard();
