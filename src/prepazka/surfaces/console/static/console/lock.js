// Locks the screen after inactivity. The server decides; this script reports keys and presses to it, and
// removes the page's content while the screen is locked, so that it is neither visible nor available to
// screen readers or by Back. Typed text is restored after unlocking.
// Events on the document: "screen:ask" by a script that was refused with 423; "screen:locking", whose
// detail.page a console fills in with its page's id; "screen:unlocked".
const { screen, lock, unlock, home, who } = document.getElementById("screen-lock-script").dataset;
const FLAG = "screen-locked"; // read by the off-line counter
const REPORT_EVERY = 15000;
const FIRST_ASK = 30000; // ms after the page was opened, if nothing is pressed
const ASK_AGAIN = 5000;
const SLEPT = 20000; // ms; a timer late by so much means that the computer slept
const LEAVES_WITHIN = 10000; // ms from a press to the next page
const PRESENT = 60000; // ms; people in a meeting may not press anything for long
const template = document.getElementById("screen-lock"); // a meeting's page has none and is never covered
const tabs = globalThis.BroadcastChannel ? new BroadcastChannel("prepazka-screen") : null;
const part = (name) => document.querySelector(`[data-lock-${name}]`);
let deadline = Date.now() + FIRST_ASK; // when to ask the server, or to cover the page
let span = 0; // ms from a press to the lock, by the server's last response
let lastReport = -Infinity; // when a press was last reported to the server
let pressed = 0; // when the last unreported press was made
let looked = Date.now();
let asking = false;
let leaving = -Infinity; // when the person's own press began to lead to another page
let pending = false; // the person has locked the screen, and the server has not confirmed it yet
let page = ""; // the id of the console's page, whose list the server takes back
let covered = null; // the page's content while it is covered

function send(address, values) {
  const token = (template?.content || document).querySelector("[name=csrfmiddlewaretoken]").value;
  return fetch(address, {
    method: "POST", body: new URLSearchParams(values), cache: "no-store", signal: AbortSignal.timeout(8000),
    headers: { "X-Fragment": "1", "X-CSRFToken": token },
  });
}

// --- the cover ------------------------------------------------------------------------------------

function cover() {
  if (covered || !template) return;
  const nodes = document.createDocumentFragment();
  covered = { nodes, title: document.title, focus: document.activeElement, x: scrollX, y: scrollY, sure: false };
  for (const node of [...document.body.childNodes]) if (node !== template) nodes.append(node);
  document.body.append(template.content.cloneNode(true));
  document.title = template.dataset.title;
  part("title").focus();
}

function uncover() {
  localStorage.removeItem(FLAG);
  if (!covered) return;
  const { nodes, title, focus, x, y, sure } = covered;
  covered = null;
  for (const node of [...document.body.childNodes]) if (node !== template) node.remove();
  document.body.append(nodes);
  document.title = title;
  scrollTo(x, y);
  focus?.focus?.({ preventScroll: true });
  if (sure) document.dispatchEvent(new Event("screen:unlocked"));
}

function goingToLock() {
  const detail = { page: "" };
  document.dispatchEvent(new CustomEvent("screen:locking", { detail }));
  page = detail.page;
  localStorage.setItem(FLAG, "1");
}

// --- the server ---------------------------------------------------------------------------

// Leads to the console's start page, unless the person is already on the way: a log-out whose answer is
// still coming must end on its own page.
function leave() {
  if (performance.now() - leaving > LEAVES_WITHIN) location.replace(home);
}

window.addEventListener("beforeunload", () => { leaving = performance.now(); });

// Asks the server whether the screen is locked; `ago` reports a press so many seconds ago.
async function ask(ago) {
  if (asking) return;
  asking = true;
  try {
    const answer = await send(screen, ago === undefined ? {} : { ago });
    if (answer.status === 423) return locked();
    if (answer.status === 401 || answer.status === 403) return leave(); // logged out
    if (!answer.ok) throw new Error(String(answer.status));
    const reply = await answer.json();
    if (String(reply.who) !== who) return leave(); // another person's session
    if (ago !== undefined || !span) span = 1000 * reply.left;
    deadline = Date.now() + 1000 * reply.left + 500;
    tabs?.postMessage({ deadline });
    uncover();
  } catch {
    if (ago !== undefined) pressed = pressed || Date.now() - 1000 * ago;
    unanswered();
  } finally {
    asking = false;
  }
}

function unanswered() {
  if (Date.now() <= deadline && !covered) return;
  if (span) cover(); // covered to be safe until the server answers
  deadline = Date.now() + ASK_AGAIN;
  if (covered) part("away").hidden = false;
}

function locked() {
  pending = false;
  deadline = Date.now() + ASK_AGAIN; // it may be unlocked in another tab
  if (!template) return;
  if (!covered?.sure) {
    if (!page) goingToLock();
    // Locks again with the page's id, because a renewal of its list may be under way.
    if (page) send(lock, { page }).catch(() => {});
    page = "";
    tabs?.postMessage({ locked: true });
  }
  cover();
  part("away").hidden = true;
  if (covered.sure) return;
  covered.sure = true;
  part("form").hidden = false;
  document.getElementById("lock-password").focus();
}

function lockNow() {
  if (covered) return;
  goingToLock();
  cover();
  pending = true;
  lockServer();
}

async function lockServer() {
  if (asking) return;
  asking = true;
  try {
    const answer = await send(lock, { page });
    if (answer.status === 423) return locked();
    if (answer.status === 401 || answer.status === 403) return leave();
    unanswered();
  } catch {
    unanswered(); // the page stays covered, and the server is told as soon as it answers
  } finally {
    asking = false;
  }
}

function look() {
  const now = Date.now();
  if (now - looked > SLEPT && now > deadline && span) cover();
  looked = now;
  if (pending) return lockServer();
  if (document.body.dataset.at === "room" && now - lastReport > PRESENT) pressed = now;
  if (pressed && now - lastReport > REPORT_EVERY && !covered && !asking) {
    lastReport = now;
    const ago = Math.min(60, Math.round((now - pressed) / 1000));
    pressed = 0;
    ask(ago);
  } else if (now > deadline) {
    ask();
  }
}

// --- the person ------------------------------------------------------------------------------

function press(event) {
  if (!event.isTrusted || covered) return;
  pressed = Date.now();
  deadline = Math.max(deadline, pressed + span); // also while the server does not answer
}

for (const kind of ["keydown", "pointerdown", "touchstart", "wheel"]) {
  window.addEventListener(kind, press, { capture: true, passive: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "F8" || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || !template) return;
  event.preventDefault();
  lockNow();
});

document.addEventListener("submit", (event) => {
  if ("lockNow" in event.target.dataset) {
    event.preventDefault();
    lockNow();
  } else if ("lockForm" in event.target.dataset && covered) {
    event.preventDefault();
    tryPassword(event.target.querySelector("button"));
  }
});

async function tryPassword(button) {
  if (button.disabled) return;
  button.disabled = true;
  const field = document.getElementById("lock-password");
  let words = template.dataset.away;
  try {
    const answer = await send(unlock, { password: field.value });
    if (answer.ok) {
      tabs?.postMessage({ unlocked: true });
      return ask();
    }
    if (answer.status === 422) words = (await answer.json()).error;
    else if (answer.status < 500) return location.reload(); // the form is out of date
  } catch {
    // The message on the page already says so.
  } finally {
    button.disabled = false;
    field.value = "";
  }
  part("wrong").textContent = words;
  part("wrong").hidden = false;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

// --- other tabs, sleep, Back -------------------------------------------------------------------------

tabs?.addEventListener("message", ({ data }) => {
  if (data.locked || data.unlocked) {
    if (data.locked) cover();
    ask();
  } else if (!covered) {
    deadline = Math.max(deadline, data.deadline);
  }
});
document.addEventListener("screen:ask", () => ask());
document.addEventListener("visibilitychange", look);
window.addEventListener("focus", look);
window.addEventListener("pagehide", (event) => { if (event.persisted) cover(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
if (template) localStorage.removeItem(FLAG); // the server sends this page only while the screen is not locked
setInterval(look, 1000);
