// Documents: the lists before and in the room, uploading, and the page shown to everybody.
import { ask, base, button, fill, made, settings, token, words } from "./asking.js";
import { Viewer } from "./viewer.js";
import { announce, notice, released } from "./view.js";

const CHECKS = 2500; // ms between requests while our file is being checked

class Papers {
  constructor() {
    this.known = [];
    this.people = [];
    this.seen = { document: null, page: 1, leader: null };
    this.viewer = new Viewer(this);
    this.lists = [...document.querySelectorAll("[data-papers]")];
    for (const form of document.querySelectorAll("[data-bring]")) form.addEventListener("submit", (event) => this.bring(event, form));
    document.addEventListener("room:state", ({ detail }) => this.state(detail));
    document.addEventListener("room:signal", ({ detail }) => this.signal(detail));
    this.load();
  }

  get inside() { return document.body.dataset.at === "room"; }

  get leads() { return settings.chair || this.seen.leader === settings.me; }

  person(id) { return this.people.find((one) => one.id === id); }

  state(said) {
    const before = this.place;
    this.place = said.place;
    if (said.people) {
      this.people = said.people;
      this.seat = said.people.find((one) => one.id === settings.me)?.seat;
    }
    if (said.place === "inside" && before !== "inside") this.load();
    if (said.place === "inside") this.viewer.draw();
  }

  signal({ from, kind, body }) {
    if (!from && kind === "papers") this.load();
    else if (!from && kind === "page") this.follow(body);
    else if (from && kind === "point") this.viewer.pointed(this.people.find((one) => one.seat === from)?.name || "", body);
  }

  async load() {
    clearTimeout(this.later);
    try {
      const said = await ask("soubory/");
      this.known = said.documents;
      this.draw();
      if (said.seen && this.inside) this.follow(said.seen);
    } catch { /* the next signal asks again */ }
    const checking = this.known.some((one) => one.state === "checking");
    // The list now shows the file's state.
    if (!checking && this.sent) { this.sent.textContent = ""; this.sent = null; }
    if (checking) this.later = setTimeout(() => this.load(), CHECKS);
  }

  follow(seen) {
    const before = this.seen;
    this.seen = seen;
    if (seen.document && !this.known.some((one) => one.id === seen.document)) { this.load(); return; }
    if (before.leader !== seen.leader) this.draw();
    this.viewer.follow(before);
  }

  async draw() {
    for (const root of this.lists) {
      const list = root.querySelector("[data-list]");
      await released(list);
      const held = document.activeElement?.closest?.("[data-list]") === list && document.activeElement.dataset;
      const whom = held && document.activeElement.closest("li").dataset.id;
      list.replaceChildren(...this.known.map((one) => this.line(one, root.dataset.papers === "room")));
      if (!this.known.length) list.append(made("li", "muted", words.none));
      if (held) (list.querySelector(`[data-id="${whom}"] [data-act="${held.act}"]`) ?? root.querySelector("input[type=file]")).focus();
      const count = root.querySelector("[data-count]");
      if (count) count.textContent = this.known.length ? `(${this.known.length})` : "";
    }
  }

  line(one, room) {
    const line = made("li", "papers__one");
    line.dataset.id = one.id;
    const about = [one.size, one.by && fill("from", { name: one.by })].filter(Boolean).join(" · ");
    line.append(made("span", "papers__name", one.name), " ", made("span", "muted", about));
    if (one.said) line.append(made("span", "papers__said", one.said));
    const acts = made("span", "papers__acts");
    if (room && one.state === "ready" && one.pages) {
      const word = this.leads ? words.show : words.look;
      acts.append(this.does(button(word, one.name), "show", () => this.viewer.open(one, this.leads)));
    }
    if (one.state === "ready") {
      const link = made("a", "gov-button", words.download);
      link.href = `${base}soubory/${one.id}/`;
      link.setAttribute("aria-label", `${words.download}: ${one.name}`);
      Object.assign(link.dataset, { type: "outlined", color: "primary", size: "s" });
      acts.append(link);
    }
    if (one.removable) acts.append(this.does(button(words.remove, one.name, "error"), "remove", () => this.remove(one)));
    line.append(acts);
    return line;
  }

  does(one, act, what) {
    one.dataset.act = act;
    one.addEventListener("click", what);
    return one;
  }

  async remove(one) {
    if (!confirm(fill("sure_remove", { name: one.name }))) return;
    await this.post(`soubory/${one.id}/odebrat/`, {});
    this.load();
  }

  show(id, page) { return this.post("ukazat/", { seat: this.seat ?? "", document: id ?? "", page }); }

  lead(to) { return this.post("vedeni/", { seat: this.seat ?? "", who: to }); }

  async post(path, values) {
    try {
      return await ask(path, values);
    } catch (fault) {
      const text = fault.status ? fault.message : words.again;
      if (this.inside) notice(text, "error");
      else announce(text);
      return null;
    }
  }

  async bring(event, form) {
    event.preventDefault();
    const [file, said, bar] = [form.querySelector("input[type=file]"), form.querySelector(".bring__said"), form.querySelector("progress")];
    const one = file.files[0];
    if (!one) return;
    if (one.size > settings.largest) { said.textContent = fill("too_large", { most: settings.largest >> 20 }); return; }
    const press = form.querySelector("button");
    const held = document.activeElement === press; // a disabled button loses the focus
    press.disabled = true;
    bar.hidden = false;
    try {
      await this.send(form.action, one, (done) => { bar.value = done; bar.textContent = fill("sending", { done }); });
      said.textContent = fill("sent", { name: one.name });
      this.sent = said;
      form.reset();
      this.load();
    } catch (fault) {
      said.textContent = fault.message || words.again;
    } finally {
      press.disabled = false;
      if (held && document.activeElement === document.body) press.focus();
      bar.hidden = true;
      bar.value = 0;
    }
  }

  // XMLHttpRequest, because fetch() does not report the upload's progress.
  send(address, file, tell) {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append("file", file);
      request.open("POST", address);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", token());
      request.upload.addEventListener("progress", ({ loaded, total }) => tell(Math.round(loaded / total * 100)));
      request.addEventListener("error", () => failed(new Error(words.again)));
      request.addEventListener("load", () => {
        if (request.status < 300) { done(); return; }
        let title = words.again;
        try { title = JSON.parse(request.responseText).title; } catch { /* no answer of ours */ }
        failed(new Error(title));
      });
      request.send(body);
    });
  }
}

new Papers();
