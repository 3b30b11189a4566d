// The stages of the page: device check, lobby, room, farewell. Other parts of the room (documents,
// minutes) communicate by events on the document:
//   "room:state" {people, place}, "room:signal" {from, kind, body}; they send by "room:send" {kind, body, to}.
import { Check } from "./check.js";
import { Controls } from "./controls.js";
import { Devices } from "./devices.js";
import { Elsewhere } from "./elsewhere.js";
import { Mesh } from "./peers.js";
import { Line } from "./signalling.js";
import { Stage, announce, fill, list, notice, released, say, show } from "./view.js";

const $ = (id) => document.getElementById(id);
const read = (id) => JSON.parse($(id).textContent);
const words = read("room-words");
const settings = read("room-settings");
const base = document.body.dataset.base;
const QUEUE = 20000;
const SPEAKER = 400;
const ADMITTING = [["pustit", "admit", "primary"], ["odebrat", "remove", "error"]];
const INSIDE = [["ztlumit", "mute", "neutral"], ["vratit", "put_back", "neutral"], ["odebrat", "remove", "error"]];

class Meeting {
  constructor() {
    this.devices = new Devices();
    this.check = new Check(this.devices, words);
    this.stage = new Stage(words, settings.me);
    this.controls = new Controls(this, words);
    this.elsewhere = new Elsewhere(settings, base, (values) => this.step("mistnost", values));
    this.chair = document.body.dataset.chair === "true";
    this.seat = "";
    this.place = "before";
    this.lost = new Set();
    this.devices.addEventListener("changed", ({ detail }) => { this.stage.own(detail.kind, detail.track); this.tell(); });
    this.devices.addEventListener("ended", () => this.controls.draw());
    this.devices.addEventListener("output", ({ detail }) => this.stage.sink(detail));
    $("enter").addEventListener("click", () => this.enter());
    $("take").addEventListener("click", () => this.enter(true));
    for (const leaveButton of document.querySelectorAll("[data-leave]")) leaveButton.addEventListener("click", () => this.leave());
    $("chat").addEventListener("submit", (event) => this.say(event));
    document.addEventListener("room:send", ({ detail }) => this.line?.send(detail.kind, detail.body, detail.to));
    this.check.beginIfPermitted();
  }

  async ask(path, values) {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    for (const [name, value] of Object.entries(values ?? {})) body.append(name, value);
    const options = values ? { method: "POST", body } : { cache: "no-store" };
    const answer = await fetch(base + path, {
      ...options, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000),
    });
    const reply = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(reply.title || words.again), { code: reply.code, status: answer.status });
    return reply;
  }

  async step(action, values = {}) {
    try {
      await this.ask(`krok/${action}/`, { seat: this.seat, ...values });
      return true;
    } catch (fault) {
      this.problem(fault);
      return false;
    }
  }

  problem(fault) {
    const text = fault.code || fault.status ? fault.message : words.again;
    if (this.place === "inside") notice(text, "error");
    else { $("problem").hidden = false; $("problem-text").textContent = text; }
  }

  async enter(take = false) {
    $("problem").hidden = true;
    $("enter").disabled = true;
    try {
      const wanted = this.elsewhere.ours && !this.devices.tracks.audio && !this.devices.tracks.video;
      if (wanted) await this.check.begin();
      await this.sit(take);
    } catch (fault) {
      $("take").hidden = fault.code !== "seat_taken";
      this.problem(fault);
      if (!$("take").hidden) $("take").focus();
    } finally {
      $("enter").disabled = false;
      if (this.place === "before" && document.activeElement === document.body) $("enter").focus();
    }
  }

  async sit(take) {
    const sat = await this.ask("vstup/", { seat: this.seat, take: take ? "1" : "" });
    this.unsit();
    this.early = [];
    this.seat = sat.seat;
    const line = this.line = new Line(sat);
    line.addEventListener("state", ({ detail }) => this.state(detail));
    line.addEventListener("signal", ({ detail }) => this.signal(detail));
    line.addEventListener("over", ({ detail }) => this.over(detail.reason));
    line.addEventListener("stale", () => this.again());
    line.addEventListener("connected", ({ detail }) => this.connected(detail));
  }

  unsit() {
    this.line?.close();
    this.mesh?.close();
    this.line = this.mesh = null;
  }

  // After a long interruption: takes a new seat, and all connections are made again.
  async again() {
    this.line?.close();
    const inside = this.place === "inside";
    try {
      await this.sit(false);
      if (inside) this.place = "back";
    } catch (fault) {
      if (fault.status && fault.status < 500 && fault.status !== 429) this.problem(fault);
      if (fault.code === "seat_taken") this.over("taken");
      else setTimeout(() => this.again(), 3000);
    }
  }

  connected(yes) {
    if (yes && this.cut) { notice(""); announce(words.online); }
    if (!yes) notice(words.offline);
    this.cut = !yes;
  }

  async state(update) {
    if (this.elsewhere.take(update.provider) && this.place === update.place) await this.moved();
    if (update.place === "lobby") this.toLobby();
    else if (update.place === "inside") {
      if (this.place !== "inside") this.place = "inside", this.ready = this.toRoom();
      this.people = update.people;
      this.latest = update;
      await this.ready;
      await released(document.querySelector('[data-stage="room"]'));
      if (this.latest === update) this.draw(update);
    }
    document.dispatchEvent(new CustomEvent("room:state", { detail: update }));
  }

  // The meeting moves to another room: announces it, and starts or ends our own connections.
  async moved() {
    this.elsewhere.draw(this.place, this.seat);
    if (this.place !== "inside") { announce(this.elsewhere.text()); return; }
    notice(this.elsewhere.text());
    this.mesh?.close();
    this.mesh = null;
    if (this.elsewhere.ours) { this.connect(await this.askInside()); this.mesh.update(this.people ?? []); this.tell(); }
    else { this.devices.close(); $("elsewhere-text").focus(); }
  }

  connect(entry) {
    this.mesh = new Mesh({ line: this.line, devices: this.devices, seat: this.seat, ice: entry.ice, policy: settings.policy });
    this.mesh.addEventListener("track", ({ detail }) => this.stage.track(detail.seat, detail.kind, detail.track));
    this.mesh.addEventListener("state", ({ detail }) => this.way(detail));
    for (const kind of ["video", "screen"]) this.stage.own(kind, this.devices.tracks[kind]);
    this.sentMedia = "";
  }

  toLobby() {
    if (this.place === "lobby") return;
    this.mesh?.close();
    this.mesh = null;
    this.place = "lobby";
    this.elsewhere.draw("lobby", this.seat);
    show("lobby");
    clearInterval(this.asking);
    const look = async () => {
      const queue = await this.ask("poradi/").catch(() => null);
      if (queue && $("turn").textContent !== queue.text) $("turn").textContent = queue.text;
    };
    look();
    this.asking = setInterval(look, QUEUE);
  }

  async toRoom() {
    clearInterval(this.asking);
    this.check.close();
    show("room");
    announce(words.let_in);
    const entry = await this.askInside();
    for (const line of entry.said) this.line_of(line, false);
    this.elsewhere.draw("inside", this.seat);
    if (this.elsewhere.ours) this.connect(entry);
    else { this.devices.close(); $("venue").focus(); }
    this.controls.draw();
    clearInterval(this.speaker);
    this.speaker = setInterval(() => this.stage.speaking(this.mesh?.loudest()), SPEAKER);
    for (const waiting of this.early.splice(0)) this.signal(waiting);
    this.tell();
  }

  async askInside() {
    for (;;) {
      try {
        return await this.ask("uvnitr/");
      } catch (fault) {
        if (fault.status && fault.status < 500) throw fault;
        await new Promise((done) => setTimeout(done, 1500));
      }
    }
  }

  draw(update) {
    const news = this.stage.update(update.people);
    if (news.present.length) announce(fill(words, "with", { names: news.present.map((person) => person.name || words.somebody).join(", ") }));
    for (const person of news.came) announce(fill(words, "came", person));
    for (const person of news.went) announce(fill(words, "went", person));
    for (const person of news.hands) announce(fill(words, "hand", person));
    for (const seat of this.mesh?.update(update.people) ?? []) this.line.send("media", this.media(), seat);
    const does = (act, person, button) => this.act(act, person, button);
    list($("people"), update.people, { words, me: settings.me, acts: this.chair ? INSIDE.filter(([act]) => this.elsewhere.ours || act !== "ztlumit") : [], does });
    const waiting = update.lobby ?? [];
    list($("waiting"), waiting, { words, me: settings.me, acts: ADMITTING, does });
    if ($("waiting-box")) $("waiting-box").hidden = !waiting.length;
    this.knocks(waiting);
    this.controls.raised(Boolean(update.people.find((person) => person.id === settings.me)?.hand));
    this.controls.draw();
  }

  // Announces people in the lobby; one key lets the first of them in.
  knocks(waiting) {
    const first = $("waiting").querySelector('[data-act="pustit"]');
    if (first) first.dataset.key = "p";
    const word = $("keys").checked ? "knocks_key" : "knocks";
    for (const person of waiting) if (!this.knocked?.has(person.id)) announce(fill(words, word, { name: person.name || words.somebody }));
    this.knocked = new Set(waiting.map((person) => person.id));
  }

  async act(act, person, button) {
    if (button.ariaDisabled) return;
    const name = person.name || words.somebody;
    if (act === "odebrat" && !confirm(fill(words, "sure_remove", { name }))) return;
    button.ariaDisabled = "true"; // a disabled button would lose the focus
    const done = await this.step(act, { who: person.id });
    if (!done || act === "ztlumit") button.ariaDisabled = null;
    if (done && act === "ztlumit") announce(fill(words, "you_muted", { name }));
  }

  signal({ from, kind, body }) {
    if (this.place !== "inside" || (this.elsewhere.ours && !this.mesh)) { this.early.push({ from, kind, body }); return; }
    if (from && (kind === "sdp" || kind === "ice")) this.mesh?.take(from, kind, body);
    else if (from && kind === "media") {
      if (this.stage.setMedia(from, body)) announce(fill(words, "shares", { name: this.name(from) }));
    } else if (!from && kind === "mute") this.controls.silenced();
    else if (!from && kind === "away" && this.chair) notice(words.away_server, "warning");
    else if (!from && kind === "said") this.line_of(body, true);
    document.dispatchEvent(new CustomEvent("room:signal", { detail: { from, kind, body } }));
  }

  name(seat) {
    return this.stage.people.get(seat)?.name || words.somebody;
  }

  line_of(line, aloud) {
    const mine = line.participant === settings.me;
    const person = this.people?.find((participant) => participant.id === line.participant);
    const name = mine ? words.me : person?.name || words.somebody;
    if (say($("lines"), line, name, mine) && aloud && !mine) announce(`${name}: ${line.text}`);
  }

  async say(event) {
    event.preventDefault();
    const text = $("chat-text").value.trim();
    if (text && await this.step("rici", { text })) $("chat-text").value = "";
  }

  media() {
    const { devices } = this;
    return { microphone: devices.has("audio"), camera: devices.has("video"), screen: devices.has("screen") };
  }

  tell() {
    const media = JSON.stringify(this.media());
    const mine = this.stage.tiles.get("me")?.querySelector("[data-silent]");
    if (mine) mine.hidden = this.devices.has("audio");
    if (!this.mesh || media === this.sentMedia) return;
    this.sentMedia = media;
    this.line.send("media", this.media());
  }

  way({ seat, state }) {
    const name = this.name(seat);
    if (state === "connected") {
      this.stage.state(seat, "");
      if (this.lost.delete(seat)) announce(fill(words, "back", { name }));
      if (this.late === seat) { this.late = ""; notice(""); $("way-out").hidden = true; }
    } else if (state === "connecting") this.stage.state(seat, words.connecting);
    else if (state === "lost") {
      this.stage.state(seat, words.away);
      this.lost.add(seat);
      announce(fill(words, "lost", { name }));
    } else if (state === "late") {
      this.late = seat;
      $("way-out").hidden = false;
      notice(fill(words, "no_way", { name }), "error");
    }
  }

  async leave() {
    if (await this.step("odejit")) this.over("left");
  }

  async end() {
    if (confirm(words.sure_end)) await this.step("skoncit");
  }

  over(reason) {
    this.unsit();
    clearInterval(this.asking);
    clearInterval(this.speaker);
    this.check.close();
    this.devices.close();
    this.place = "over";
    $("over-text").textContent = words[`over_${reason}`] ?? words.over_ended;
    $("after").hidden = reason !== "ended";
    $("return").hidden = !["taken", "left"].includes(reason);
    show("over");
  }
}

new Meeting();
