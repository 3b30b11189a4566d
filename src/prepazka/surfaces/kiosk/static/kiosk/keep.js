// Prepares the kiosk for outages: renews its off-line grant, sends its log, stores a touch until its
// ticket is shown, and reloads the screen when staff ask for it.
import { VERSION, offlineStore } from "../looks/offline/store.js";

const EVERY = 60000;
const KEEP_AGAIN = 600000;
const PENDING = 300000; // ms; the person of an older touch has left
const { shell = "", shells = "" } = document.body.dataset; // in the page's language, and in all of the kiosk's
const keeper = offlineStore("kiosk", "/kiosk/zasoba/", shells.split(" "));
const start = "start" in document.body.dataset;

async function renew() {
  const reply = await keeper.renew({ version: VERSION, loaded: Math.round(performance.now()) });
  if (reply.refused) return reply;
  await keeper.upload();
  if (start && reply.reload) location.reload();
  return reply;
}

async function upkeep() {
  const reply = await renew();
  if (reply.refused || !start) return;
  const cached = await keeper.get("screens");
  if (cached?.version === VERSION && Date.now() - cached.at < KEEP_AGAIN) return;
  await keeper.keep();
  await keeper.put("screens", { version: VERSION, at: Date.now() });
}

// A reload requested by staff also comes by the live stream, before the next renewal.
async function listen() {
  const grant = await keeper.ready();
  if (!grant?.slug || !start) return;
  new EventSource(`/zive/${grant.slug}/`).addEventListener("changed", (event) => {
    if (event.data.includes("devices")) renew().catch(() => {});
  });
}

async function resume() {
  const pending = await keeper.get("pending");
  if (!pending) return;
  const shown = document.querySelector(".kiosk-ticket__number, .kiosk-answer");
  if (shown || Date.now() - pending.at > PENDING) return keeper.drop("pending");
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  if (!start || !token) return;
  const form = document.createElement("form");
  form.method = "post";
  form.action = pending.url;
  const fields = { csrfmiddlewaretoken: token.value, touch: pending.touch, service: pending.service };
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}

// The touch is stored before the request is sent; a PIN is never stored.
export async function pend(form) {
  if (!keeper.possible()) return;
  const fields = Object.fromEntries(new FormData(form));
  const touch = fields.touch;
  sessionStorage.removeItem("pin");
  if (fields.pin !== undefined) sessionStorage.setItem("pin", JSON.stringify({ touch, pin: fields.pin }));
  else if (fields.service) {
    await keeper.put("pending", { touch, service: fields.service, url: form.action, at: Date.now() });
  }
}

// The server is unreachable: continue off-line, if the kiosk has a grant.
export async function takeOver() {
  if (!(await keeper.ready()) || !(await caches.match(shell))) return false;
  location.assign(shell);
  return true;
}

// The server has answered, or another person has come: the previous PIN is discarded.
sessionStorage.removeItem("pin");
if (keeper.possible()) {
  resume().catch(() => {});
  upkeep().then(listen).catch(() => {});
  setInterval(() => upkeep().catch(() => {}), EVERY);
}
