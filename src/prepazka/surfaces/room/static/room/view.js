// The room's view: pictures, participants, the chat, and announcements for screen readers.
const $ = (id) => document.getElementById(id);

export function fill(words, name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

export function show(stage) {
  for (const section of document.querySelectorAll("[data-stage]")) section.hidden = section.dataset.stage !== stage;
  document.body.dataset.at = stage;
  const title = document.querySelector(`[data-stage="${stage}"] [data-title]`);
  title?.focus();
}

// A polite live region, so that the current announcement is not interrupted; a log, so that none of
// several announcements is lost and missed ones can be looked up.
const MOST_LINES = 30;
export function announce(text) {
  const log = $("say");
  if (!log) return; // the page after the meeting
  const line = document.createElement("p");
  line.textContent = text;
  log.append(line);
  if (log.children.length > MOST_LINES) log.firstElementChild.remove();
}

// Shows a text above the pictures and announces it.
export function notice(text, kind = "warning") {
  const box = $("notice");
  if (text) announce(text);
  box.hidden = !text;
  box.dataset.color = kind;
  if (box.textContent !== text) box.textContent = text;
}

export class Stage {
  constructor(words, me, output) {
    Object.assign(this, { words, me, tiles: new Map(), people: new Map(), media: new Map(), output });
    this.root = $("tiles");
  }

  tile(key, name, own = false) {
    if (this.tiles.has(key)) return this.tiles.get(key);
    const tile = $("tile").content.firstElementChild.cloneNode(true);
    tile.dataset.key = key;
    tile.dataset.own = own;
    tile.querySelector("[data-initials]").textContent = initials(name);
    tile.querySelector("[data-name]").textContent = name;
    const video = tile.querySelector("video");
    video.setAttribute("aria-label", name);
    video.muted = true; // sound is played by an element of its own
    this.tiles.set(key, tile);
    this.root.append(tile);
    this.arrange();
    return tile;
  }

  drop(key) {
    const gone = this.tiles.get(key);
    if (!gone) return;
    for (const player of gone.querySelectorAll("video, audio")) player.srcObject = null;
    gone.remove();
    this.tiles.delete(key);
    this.arrange();
  }

  arrange() {
    const all = [...this.tiles.keys()];
    this.root.dataset.count = all.length;
    this.root.dataset.screen = all.some((key) => key.endsWith(":screen"));
  }

  own(kind, track) {
    const key = kind === "screen" ? "me:screen" : "me";
    if (kind === "screen" && !track) { this.drop(key); return; }
    const name = kind === "screen" ? fill(this.words, "screen_of", { name: this.words.me }) : this.words.me;
    const tile = this.tile(key, name, kind !== "screen");
    if (kind === "audio") return;
    this.put(tile.querySelector("video"), track);
    tile.dataset.picture = Boolean(track);
  }

  track(seat, kind, track) {
    const name = this.people.get(seat)?.name || this.words.somebody;
    if (kind === "screen") {
      this.screens ??= new Map();
      this.screens.set(seat, track);
      this.shared(seat);
      return;
    }
    this.put(this.tile(seat, name).querySelector(kind), track);
  }

  put(element, track) {
    element.srcObject = track ? new MediaStream([track]) : null;
    if (track) element.play().catch(() => {}); // a background tab may refuse to play; it starts when shown
    if (element.localName === "audio" && this.output) element.setSinkId?.(this.output).catch(() => {});
  }

  sink(id) {
    this.output = id;
    for (const player of document.querySelectorAll("audio")) player.setSinkId?.(id).catch(() => {});
  }

  // The state of a participant's devices, as their browser reports it.
  setMedia(seat, media) {
    const before = this.media.get(seat)?.screen;
    this.media.set(seat, media);
    this.devices(seat);
    this.shared(seat);
    return Boolean(media.screen) && !before;
  }

  devices(seat) {
    const [tile, media] = [this.tiles.get(seat), this.media.get(seat)];
    if (!tile || !media) return;
    tile.dataset.picture = Boolean(media.camera);
    tile.querySelector("[data-silent]").hidden = Boolean(media.microphone);
  }

  shared(seat) {
    const key = `${seat}:screen`;
    const track = this.screens?.get(seat);
    if (!track || !this.media.get(seat)?.screen) { this.drop(key); return; }
    const name = fill(this.words, "screen_of", { name: this.people.get(seat)?.name ?? "" });
    const tile = this.tile(key, name);
    tile.dataset.picture = "true";
    this.put(tile.querySelector("video"), track);
  }

  state(seat, text) {
    const line = this.tiles.get(seat)?.querySelector("[data-state]");
    if (!line) return;
    line.textContent = text;
    line.hidden = !text;
  }

  speaking(seat) {
    for (const [key, tile] of this.tiles) tile.classList.toggle("is-speaking", key === seat);
  }

  // Returns the people inside, and those who came, left or raised a hand since the last call.
  update(people) {
    const before = this.people;
    const first = before.size === 0;
    this.people = new Map(people.map((person) => [person.seat, person]));
    const persons = (all) => new Map([...all.values()].map((person) => [person.id, person]));
    const [was, is] = [persons(before), persons(this.people)];
    for (const seat of before.keys()) {
      if (!this.people.has(seat)) { this.drop(seat); this.drop(`${seat}:screen`); this.media.delete(seat); this.screens?.delete(seat); }
    }
    for (const person of people) {
      const mine = person.id === this.me;
      const tile = mine ? this.tiles.get("me") : this.tile(person.seat, person.name || this.words.somebody);
      if (!tile) continue;
      tile.querySelector("[data-hand]").hidden = !person.hand;
      if (!mine) this.devices(person.seat);
      if (!mine && !person.here) this.state(person.seat, this.words.away);
    }
    const others = [...is.values()].filter((person) => person.id !== this.me);
    if (first) return { present: others, came: [], went: [], hands: [] };
    return {
      present: [],
      came: others.filter((person) => !was.has(person.id)),
      went: [...was.values()].filter((person) => !is.has(person.id) && person.id !== this.me),
      hands: others.filter((person) => person.hand && !was.get(person.id)?.hand),
    };
  }
}

function initials(name) {
  return name.split(/\s+/).filter((part) => /^\p{Lu}/u.test(part) && !part.endsWith("."))
    .map((part) => part[0]).slice(0, 2).join("") || "•";
}

// Waits while something in the element is being pressed, as `looks/live.js` does, because an element
// that moves or is replaced between pointerdown and pointerup never gets a click.
const PRESS = 2000; // ms; a press that lasts longer is not going to become a click
export async function released(element) {
  const until = performance.now() + PRESS;
  while (element.querySelector(":active") && performance.now() < until) {
    await new Promise((done) => { setTimeout(done, 20); });
  }
}

// The list of participants; the chair gets buttons for each of them.
export function list(root, people, { words, me, acts, does }) {
  const held = root.contains(document.activeElement);
  const focused = document.activeElement?.dataset?.act;
  const whom = document.activeElement?.closest("li")?.dataset.id;
  root.replaceChildren(...people.map((person) => {
    const line = document.createElement("li");
    line.dataset.id = person.id;
    const name = document.createElement("span");
    name.className = "person__name";
    const shown = person.name || words.somebody;
    name.textContent = person.id === me ? `${shown} (${words.me})` : shown;
    line.append(name);
    if (person.hand) {
      const hand = document.createElement("span");
      hand.className = "person__hand";
      hand.textContent = words.raised;
      line.append(hand);
    }
    if (person.role === "chair" || person.role === "colleague") {
      const role = document.createElement("span");
      role.className = "muted person__role";
      role.textContent = words.chair;
      line.append(role);
    }
    if (person.id !== me && acts.length) line.append(buttons(person, shown, acts, words, does));
    return line;
  }));
  if (!held) return;
  // The pressed person's row may be gone: focuses the next row of the list, or the list's heading.
  const next = root.querySelector(`[data-id="${whom}"] [data-act="${focused}"]`) ?? root.querySelector(`[data-act="${focused}"]`);
  (next ?? $("people-title")).focus();
}

function buttons(person, shown, acts, words, does) {
  const row = document.createElement("span");
  row.className = "person__acts";
  for (const [act, word, type] of acts) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "gov-button" });
    Object.assign(button.dataset, { act, variant: type, type: type === "primary" ? "solid" : "outlined", color: type === "error" ? "error" : "primary", size: "s" });
    button.textContent = words[word];
    button.setAttribute("aria-label", `${words[word]}: ${shown}`);
    button.addEventListener("click", () => does(act, person, button));
    row.append(button);
  }
  return row;
}

export function say(root, line, name, mine) {
  if (root.querySelector(`[data-line="${line.id}"]`)) return false;
  const item = document.createElement("li");
  item.dataset.line = line.id;
  item.className = mine ? "line line--mine" : "line";
  const head = document.createElement("span");
  head.className = "line__head";
  const at = new Date(line.at).toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit", hourCycle: "h23" });
  head.textContent = `${name} ${at}`;
  const text = document.createElement("span");
  text.className = "line__text";
  text.textContent = line.text;
  item.append(head, text);
  root.append(item);
  item.scrollIntoView({ block: "nearest" });
  return true;
}
