// Keeps parts of a page up to date. An element's attributes say where its updates come from:
//   <div id="board" data-live="/zive/krumlov/" data-fragment="/krumlov/nazivo/?cast=1">
// The fragment is fetched on news from the stream, every minute, and every 12 s without a stream, and
// replaces the element's content if it differs. The element then gets a "live:updated" event, and a
// "live:heard" event for every message of the stream.
// Elements with [data-live-stale] are shown while nothing has been heard for 15 s.
const STALE = 15000;
const POLL = 12000; // the stream sends something at least every 10 s
const ANEW = 60000; // estimates and opening hours change without any news
const TIMEOUT = 10000;
const PRESS = 2000; // a press that lasts longer is not going to become a click
let lastHeard = Date.now();
let broken = false; // the stream may work while fetching the fragment fails

// Waits while something in the element is being pressed, because a button that is replaced between
// pointerdown and pointerup never gets a click.
export async function released(element) {
  const until = performance.now() + PRESS;
  while (element.querySelector(":active") && performance.now() < until) {
    await new Promise((done) => { setTimeout(done, 20); });
  }
}

function mark() {
  const old = Date.now() - lastHeard > STALE;
  document.documentElement.toggleAttribute("data-stale", old);
  for (const sign of document.querySelectorAll("[data-live-stale]")) sign.hidden = !old;
}

function keep(element) {
  let shown = null;
  let timer = 0;
  let wanted = false;
  let running = false;
  let lastRefresh = Date.now();
  let changes = 0;  // made by the page itself; responses requested before the last change are outdated

  async function refresh() {
    if (running) { wanted = true; return; }
    running = true;
    const before = changes;
    try {
      const answer = await fetch(element.dataset.fragment, {
        headers: { "X-Fragment": "1" }, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT),
      });
      lastRefresh = Date.now();
      broken = !answer.ok;
      if (answer.status === 423) document.dispatchEvent(new Event("screen:ask")); // locked (console/lock.js)
      if (answer.ok) {
        const html = await answer.text();
        await released(element);
        if (before === changes) put(html);
        lastHeard = Date.now();
      }
    } catch {
      broken = true;
      // The element is marked as stale; the next message or poll tries again.
    } finally {
      running = false;
      mark();
      if (wanted) { wanted = false; soon(); }
    }
  }

  function put(html) {
    if (html === shown) return;
    shown = html;
    const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
    element.innerHTML = html;
    if (focused) document.getElementById(focused)?.focus();
    element.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
  }

  function soon() {
    // Many screens get the same message, so their requests are spread over time. Screens in the
    // hall ask first, because people who are called look at them.
    clearTimeout(timer);
    timer = setTimeout(refresh, "liveFirst" in element.dataset ? 0 : 20 + Math.random() * 80);
  }

  let stream = null;

  function listen() {
    // The browser reconnects by itself after a lost connection, but never after a refusal
    // such as 502 or 503, which is what it gets while the server or its database restarts.
    if (!window.EventSource || (stream && stream.readyState !== EventSource.CLOSED)) return;
    stream = new EventSource(element.dataset.live);
    const notify = () => element.dispatchEvent(new CustomEvent("live:heard", { bubbles: true }));
    stream.addEventListener("changed", () => { soon(); notify(); });
    stream.addEventListener("alive", () => { if (!broken) lastHeard = Date.now(); mark(); notify(); });
  }

  listen();
  setInterval(() => {
    mark();
    listen();
    if (broken || Date.now() - lastHeard > POLL || Date.now() - lastRefresh > ANEW) soon();
  }, 2000);
  element.addEventListener("live:refresh", () => { changes += 1; shown = null; refresh(); });
}

for (const element of document.querySelectorAll("[data-live]")) keep(element);
