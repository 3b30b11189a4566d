// Prepares the console for outages: caches its off-line page, has a worker renew the list of tickets
// that this counter may call off-line, and returns the list when the page closes. When the server
// stops answering, it opens the off-line counter.
import { VERSION, offlineStore } from "../looks/offline/store.js";

const KEEP_AGAIN = 600000;
const STREAM_LIVES = 15000; // the stream sends something at least every 10 s
const MOVES_WITHIN = 10000; // ms from a click to the next page
// What the page says about its counter; missing for people who never sit at one.
const config = document.getElementById("console-offline")?.dataset;
const keeper = config && offlineStore("console", config.url, [config.shell]);
const board = document.getElementById("board");
const slug = config?.home.split("/").at(-2);
let page = crypto.randomUUID?.();
let worker = null;
let failed = 0; // consecutive renewals without a response
let lastHeard = -Infinity; // when the last message of the live stream came
let moving = -Infinity; // when a click started navigation to another page of the console

async function keep() {
  const cached = await keeper.get("console-screens");
  const same = cached?.shell === config.shell && cached.version === VERSION;
  if (same && Date.now() - cached.at < KEEP_AGAIN) return;
  await keeper.keep();
  await keeper.put("console-screens", { shell: config.shell, version: VERSION, at: Date.now() });
}

// The server is unreachable: opens the off-line counter, if this browser has one.
export async function takeOver() {
  if (!config || !(await keeper.ready()) || !(await caches.match(config.shell))) return false;
  moving = performance.now(); // the next page keeps the counter's list
  location.assign(config.shell);
  return true;
}

// The server has taken the list back, so this browser must not call from it if it goes off-line now.
async function gaveBack() {
  const grant = await keeper.get("console");
  if (grant?.slug === slug && grant.tickets.length) await keeper.put("console", { ...grant, tickets: [] });
}

// A press that the server has taken; a break and its end change whose list it is.
export async function pressed(address) {
  if (!worker || !/\/(pause|resume|close)\/$/.test(address.split("?")[0])) return;
  if (!address.includes("/resume/")) await gaveBack();
  worker.postMessage({ now: true });
}

// The counter is being closed: a renewal under way would be refused and reload the page, which would
// then lose its message.
export async function ended() {
  if (!config) return;
  stop();
  await gaveBack();
}

function answered({ data }) {
  if (data.failed) {
    failed += 1;
    // A hidden page does not open the off-line counter as long as the stream works.
    const lives = document.hidden && performance.now() - lastHeard < STREAM_LIVES;
    if (failed > 1 && board && !lives) takeOver().catch(() => {});
    return;
  }
  failed = 0;
  if (data.refused) {
    stop();
    if (data.refused === 423) document.dispatchEvent(new Event("screen:ask")); // locked
    // The counter was closed elsewhere. The board says so and stays, so that a press on it is not lost.
    if (data.refused === 409) board?.dispatchEvent(new Event("live:refresh"));
    return;
  }
  keep().catch(() => {});
  const shown = board?.querySelector("[data-silent]")?.dataset.silent;
  if (shown !== undefined && shown !== String(data.silent)) board.dispatchEvent(new Event("live:refresh"));
}

function stop() {
  worker?.terminate();
  worker = null;
}

function start() {
  failed = 0;
  worker = new Worker(config.worker, { type: "module" });
  worker.addEventListener("message", answered);
  worker.postMessage({ url: config.url, page });
}

const plain = (path) => path.replace(/^\/[a-z]{2}(?=\/pult\/)/, "");
function within(address) {
  const to = new URL(address, location.href);
  return to.origin === location.origin && plain(to.pathname).startsWith(plain(config.home));
}

function watchCounter() {
  start();

  // A locked counter has no list: the server has taken it back and refuses this page's renewals.
  document.addEventListener("screen:locking", (event) => {
    event.detail.page = page;
    ended().catch(() => {});
  });
  document.addEventListener("screen:unlocked", () => {
    stop();
    page = crypto.randomUUID(); // a new id, because the page with the old one has returned its list
    start();
    board?.dispatchEvent(new Event("live:refresh"));
  });

  document.addEventListener("live:heard", () => {
    lastHeard = performance.now();
    worker?.postMessage({ stream: true });
  });

  // --- the end of the page ------------------------------------------------------------------------

  window.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const here = link && !event.defaultPrevented && event.button === 0 && !link.target &&
      !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (here && within(link.href)) moving = performance.now();
  });

  window.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const form = event.target;
    const to = event.submitter?.getAttribute("formaction") || form.getAttribute("action") || "";
    if (within(to)) moving = performance.now();
    if (!("logout" in form.dataset)) return;
    // The server returns the list to the hall and refuses renewals of this page's id.
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "page", value: page }));
    stop();
    gaveBack().catch(() => {});
  });

  window.addEventListener("pagehide", () => {
    // While the server does not answer, the list still belongs to the counter and its next page.
    if (!worker || failed || performance.now() - moving < MOVES_WITHIN) return;
    navigator.sendBeacon(config.farewell, new Blob([JSON.stringify({ page })], { type: "application/json" }));
  });

  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    page = crypto.randomUUID(); // a new id, because the page with the old one has been closed
    moving = -Infinity;
    worker?.postMessage({ page });
  });
}

if (config && keeper.possible()) {
  if (config.open !== undefined) watchCounter();
  else {
    // No counter is open on this page, but an off-line log is sent all the same.
    gaveBack().catch(() => {});
    keeper.upload().catch(() => {});
  }
}
