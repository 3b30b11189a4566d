// Documents: the lists before and in the room, uploading, and the page shown to everybody.
import { ask, base, button, fill, element, settings, token, words } from "./asking.js";
import { Viewer } from "./viewer.js";
import { announce, notice, released } from "./view.js";

const CHECKS = 2500; // ms between requests while our file is being checked

class Papers {
  constructor() {
    this.documents = [];
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

  person(id) { return this.people.find((person) => person.id === id); }

  state(update) {
    const before = this.place;
    this.place = update.place;
    if (update.people) {
      this.people = update.people;
      this.seat = update.people.find((person) => person.id === settings.me)?.seat;
    }
    if (update.place === "inside" && before !== "inside") this.load();
    if (update.place === "inside") this.viewer.draw();
  }

  signal({ from, kind, body }) {
    if (!from && kind === "papers") this.load();
    else if (!from && kind === "page") this.follow(body);
    else if (from && kind === "point") this.viewer.pointed(this.people.find((person) => person.seat === from)?.name || "", body);
  }

  async load() {
    clearTimeout(this.later);
    try {
      const reply = await ask("soubory/");
      this.documents = reply.documents;
      this.draw();
      if (reply.seen && this.inside) this.follow(reply.seen);
    } catch { /* the next signal asks again */ }
    const checking = this.documents.some((file) => file.state === "checking");
    // The list now shows the file's state.
    if (!checking && this.sent) { this.sent.textContent = ""; this.sent = null; }
    if (checking) this.later = setTimeout(() => this.load(), CHECKS);
  }

  follow(seen) {
    const before = this.seen;
    this.seen = seen;
    if (seen.document && !this.documents.some((file) => file.id === seen.document)) { this.load(); return; }
    if (before.leader !== seen.leader) this.draw();
    this.viewer.follow(before);
  }

  async draw() {
    for (const root of this.lists) {
      const list = root.querySelector("[data-list]");
      await released(list);
      const held = document.activeElement?.closest?.("[data-list]") === list && document.activeElement.dataset;
      const whom = held && document.activeElement.closest("li").dataset.id;
      list.replaceChildren(...this.documents.map((file) => this.line(file, root.dataset.papers === "room")));
      if (!this.documents.length) list.append(element("li", "muted", words.none));
      if (held) (list.querySelector(`[data-id="${whom}"] [data-act="${held.act}"]`) ?? root.querySelector("input[type=file]")).focus();
      const count = root.querySelector("[data-count]");
      if (count) count.textContent = this.documents.length ? `(${this.documents.length})` : "";
    }
  }

  line(file, room) {
    const line = element("li", "papers__one");
    line.dataset.id = file.id;
    const about = [file.size, file.by && fill("from", { name: file.by })].filter(Boolean).join(" · ");
    line.append(element("span", "papers__name", file.name), " ", element("span", "muted", about));
    if (file.said) line.append(element("span", "papers__said", file.said));
    const acts = element("span", "papers__acts");
    if (room && file.state === "ready" && file.pages) {
      const word = this.leads ? words.show : words.look;
      acts.append(this.does(button(word, file.name), "show", () => this.viewer.open(file, this.leads)));
    }
    if (file.state === "ready") {
      const link = element("a", "gov-button", words.download);
      link.href = `${base}soubory/${file.id}/`;
      link.setAttribute("aria-label", `${words.download}: ${file.name}`);
      Object.assign(link.dataset, { type: "outlined", color: "primary", size: "s" });
      acts.append(link);
    }
    if (file.removable) acts.append(this.does(button(words.remove, file.name, "error"), "remove", () => this.remove(file)));
    line.append(acts);
    return line;
  }

  does(control, act, what) {
    control.dataset.act = act;
    control.addEventListener("click", what);
    return control;
  }

  async remove(file) {
    if (!confirm(fill("sure_remove", { name: file.name }))) return;
    await this.post(`soubory/${file.id}/odebrat/`, {});
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
    const [input, status, bar] = [form.querySelector("input[type=file]"), form.querySelector(".bring__said"), form.querySelector("progress")];
    const file = input.files[0];
    if (!file) return;
    if (file.size > settings.largest) { status.textContent = fill("too_large", { most: settings.largest >> 20 }); return; }
    const press = form.querySelector("button");
    const held = document.activeElement === press; // a disabled button loses the focus
    press.disabled = true;
    bar.hidden = false;
    try {
      await this.send(form.action, file, (done) => { bar.value = done; bar.textContent = fill("sending", { done }); });
      status.textContent = fill("sent", { name: file.name });
      this.sent = status;
      form.reset();
      this.load();
    } catch (fault) {
      status.textContent = fault.message || words.again;
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
