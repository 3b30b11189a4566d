// The off-line storage of a kiosk or console: its grant, whose keys scripts cannot extract, and its
// log, signed and written to disk before the screen shows a step as done.
// docs/offline.md describes the protocol. `offlineStore(name, url, shells)` makes one storage.
const TIMEOUT = 8000;
const CACHE = "prepazka-offline";
const text = new TextEncoder();
const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
const bytes = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));

const possible = () => Boolean(isSecureContext && globalThis.indexedDB && navigator.serviceWorker && navigator.locks);

function opened() {
  return new Promise((done, failed) => {
    const request = indexedDB.open("prepazka-offline", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kept");
      request.result.createObjectStore("log", { keyPath: ["grant", "seq"] });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

let database = null;

// One transaction; `work` gets the two stores, and its writes are on disk when the promise resolves.
async function within(mode, work) {
  database = database || await opened();
  return new Promise((done, failed) => {
    const all = database.transaction(["kept", "log"], mode, { durability: "strict" });
    const request = work(all.objectStore("kept"), all.objectStore("log"));
    all.oncomplete = () => done(request ? request.result : undefined);
    all.onerror = all.onabort = () => failed(all.error);
  });
}

const get = (key) => within("readonly", (store) => store.get(key));
const put = (key, value) => within("readwrite", (store) => { store.put(value, key); });
const drop = (key) => within("readwrite", (store) => { store.delete(key); });
const waiting = () => within("readonly", (_, log) => log.count());
// The grants that have entries in the log, by their ids.
const grants = async () => new Set((await within("readonly", (_, log) => log.getAllKeys())).map(([grant]) => grant));
const entriesOf = (grant, most) => within("readonly", (_, log) =>
  log.getAll(IDBKeyRange.bound([grant, 0], [grant, Infinity]), most));

// Limits of one message of a log. Every response of the server says what it accepts; these are for
// the first message, before any response.
let part = { entries: 100, bytes: 65536 };
let bound = { entries: Infinity, bytes: Infinity }; // a smaller limit of a proxy, once it has refused a message
const LONGEST = 8192; // bytes of one entry; every server accepts more

const sizeOf = (event) => text.encode(JSON.stringify(event)).length + 1;

const least = (a, b) => ({ entries: Math.min(a.entries, b.entries), bytes: Math.min(a.bytes, b.bytes) });

// The first entries of the list that are below both limits `{entries, bytes}`, at least one.
export function fitting(entries, limits) {
  const events = [];
  let size = 64; // around the events
  for (const { seq, body, sig } of entries) {
    const event = { seq, body, sig };
    size += sizeOf(event);
    if (events.length && (size > limits.bytes || events.length >= limits.entries)) break;
    events.push(event);
  }
  return events;
}

function post(grant, events) {
  return fetch("/offline/log/", {
    method: "POST", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT * 3),
    headers: { "Content-Type": "application/json" }, body: JSON.stringify({ grant, events }),
  });
}

// Sends the log of one grant in parts and deletes each part that the server has merged, so that
// after a failure the next call continues. Resolves to true when nothing is left to send.
async function uploadOf(grant) {
  for (;;) {
    const events = fitting(await entriesOf(grant, part.entries), part);
    if (!events.length) return true;
    const answer = await post(grant, events);
    if (answer.status === 403) return false; // disconnected by the office; the log stays here, unsent
    const reply = await answer.json().catch(() => ({}));
    if (answer.status === 413 && events.length > 1) {
      // A proxy does not tell its limit.
      if (!(reply.part?.bytes < part.bytes)) bound = { entries: Math.ceil(events.length / 2), bytes: Math.ceil(part.bytes / 2) };
      part = least(reply.part || part, bound);
      continue;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    part = least(reply.part || part, bound);
    if (reply.merged < events[0].seq) return false; // a gap: the server lacks earlier entries
    await within("readwrite", (_, log) => {
      log.delete(IDBKeyRange.bound([grant, 0], [grant, reply.merged]));
    });
  }
}

// The addresses of files that a style sheet or a script loads.
export function addressesIn(path, content) {
  const kinds = { css: /url\(["']?([^"')]+)/g, js: /^(?:import|export) .*?"(\.[^"]+)";$/gm };
  const kind = kinds[path.split(".").at(-1)];
  if (!kind) return [];
  return [...content.matchAll(kind)].map(([, address]) => address).filter((address) => !address.startsWith("data:"));
}

const versionOf = (path) => /^\/static\/([0-9a-f]+)\//.exec(path)?.[1];

// The version of all static files, as in looks/static_versions.py.
export const VERSION = versionOf(new URL(import.meta.url).pathname) || "";

// Deletes files of releases that no cached screen refers to.
async function dropOldFiles(cache) {
  const versions = new Set();
  const files = [];
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/static/")) files.push(request);
    else if (!pathname.startsWith("/znak/")) {
      const html = await (await cache.match(request)).text();
      for (const [, path] of html.matchAll(/(?:src|href)="(\/static\/[^"]+)/g)) versions.add(versionOf(path));
    }
  }
  for (const request of files) if (!versions.has(versionOf(new URL(request.url).pathname))) await cache.delete(request);
}

const imported = (secret) => crypto.subtle.importKey(
  "raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const hmac = async (key, message) => hex(await crypto.subtle.sign("HMAC", key, text.encode(message)));

async function browser() {
  let id = await get("browser");
  if (!id) await put("browser", id = crypto.randomUUID());
  return id;
}

export function offlineStore(name, url, shells) {
  // Requests a grant from the server, which replaces the stored one. Throws if it is unreachable.
  async function renew(more = {}) {
    const before = await get(name);
    const sent = Date.now();
    const answer = await fetch(url, {
      method: "POST", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT),
      headers: { "Content-Type": "application/json", "X-Fragment": "1" },
      body: JSON.stringify({
        browser: await browser(), ack: before?.version || 0, log: await waiting(),
        clock: Date.now(), ...more,
      }),
    });
    if (answer.status >= 500) throw new Error(String(answer.status));
    if (!answer.ok || answer.redirected) return { refused: answer.status };
    const reply = await answer.json();
    const middle = (sent + Date.now()) / 2;
    const grant = { ...await sealed(reply, before), offset: reply.now - middle, heard: Date.now() };
    if (reply.next) grant.next = await sealed(reply.next, before?.next || before);
    await put(name, grant);
    return reply;
  }

  // The grant with its secrets imported as keys that scripts cannot extract.
  async function sealed({ key, pin_key: pins, ...rest }, before) {
    const same = before && before.grant === rest.grant;
    return {
      ...rest,
      logKey: same ? before.logKey : await imported(key),
      pinKey: same ? before.pinKey : pins && await imported(pins),
    };
  }

  // The server's time, computed from this computer's clock.
  const clock = (grant) => Date.now() + grant.offset;

  async function ready() {
    if (!possible()) return null;
    const grant = await get(name).catch(() => null);
    if (!grant || clock(grant) < grant.expires) return grant || null;
    // After midnight: the next day's grant, if one was received in the evening.
    if (!grant.next || clock(grant) >= grant.next.expires) return null;
    const fresh = { ...grant.next, offset: grant.offset, heard: grant.heard };
    await put(name, fresh);
    return fresh;
  }

  // Writes an entry of the log together with data that must be stored in the same transaction.
  function write(body, beside = () => ({})) {
    return navigator.locks.request("prepazka-log", async () => {
      const grant = await get(name);
      const addition = await beside(grant, body);
      if (addition.known) return addition.known;
      const seq = ((await get(`seq:${grant.grant}`)) || 0) + 1;
      const entry = JSON.stringify({ ...body, ...addition.body, at: new Date(clock(grant)).toISOString(),
        raw: Date.now(), offset: Math.round(grant.offset) });
      if (sizeOf(entry) > LONGEST) throw new Error("too long for any server to take");
      const sig = await hmac(grant.logKey, `${grant.grant}.${seq}.${entry}`);
      await within("readwrite", (store, log) => {
        log.add({ grant: grant.grant, seq, body: entry, sig });
        store.put(seq, `seq:${grant.grant}`);
        for (const [key, value] of Object.entries(addition.keep || {})) store.put(value, key);
      });
      return addition.answer;
    });
  }

  // Sends the logs of all grants, one page or worker at a time; true when nothing is left to send.
  // A log that cannot be sent does not block the others; this throws after all were tried.
  function upload() {
    return navigator.locks.request("prepazka-upload", async () => {
      let whole = true;
      let fault = null;
      for (const grant of await grants()) {
        try { whole = await uploadOf(grant) && whole; } catch (error) { fault = error; }
      }
      if (fault) throw fault;
      return whole;
    });
  }

  // Caches the off-line screens with their files, and registers the worker that serves them.
  async function keep() {
    await navigator.serviceWorker.register("/offline-worker.js", { scope: "/" });
    const cache = await caches.open(CACHE);
    const wanted = new Set();
    const screens = [];
    for (const shell of shells) {
      const answer = await fetch(shell, { cache: "no-store" });
      if (!answer.ok || answer.redirected) continue;
      const html = await answer.clone().text();
      screens.push([shell, answer]);
      for (const [, path] of html.matchAll(/(?:src|href)="(\/(?:static|znak)\/[^"#]+)/g)) wanted.add(path);
    }
    for (const asset of wanted) {
      if (await cache.match(asset)) continue;
      const answer = await fetch(asset);
      if (!answer.ok) continue;
      const content = await answer.clone().text();
      await cache.put(asset, answer);
      for (const address of addressesIn(asset, content)) wanted.add(new URL(address, new URL(asset, location)).pathname);
    }
    // Last, because a cached screen must find all its files in the cache.
    for (const [shell, answer] of screens) await cache.put(shell, answer);
    await dropOldFiles(cache);
  }

  return { renew, ready, clock, write, upload, keep, get, put, drop, hmac, possible };
}
