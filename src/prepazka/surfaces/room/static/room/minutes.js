// The minutes: a form for officials, a text for others, remarks by everybody. If two officials edited the
// same field, both texts are shown and the person decides; until then the other's text is saved.
import { ask, button, fill, element, words } from "./asking.js";
import { announce } from "./view.js";

const WAITS = 1200; // ms after the last key until the draft is saved
const LOOKS = 4000; // ms between requests on the page after the meeting, which gets no signals
const PRINTS = 20000; // ms between requests while the PDF is made, because no signal comes if it fails
const TELLS = 60000; // ms; other people's edits are announced at most so often
const TEXTS = ["present", "subject", "course", "conclusions"];
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

class Minutes {
  constructor(root) {
    this.root = root;
    this.base = null;
    this.version = 0;
    this.held = new Map();
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.find("begin").querySelector("button").addEventListener("click", () => this.step("zacit"));
    this.find("close")?.addEventListener("click", () => this.close());
    this.find("add").addEventListener("click", () => { this.row({ id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), what: "", who: "", until: "" }).querySelector("input").focus(); });
    this.find("write").addEventListener("submit", (event) => event.preventDefault());
    this.find("write").addEventListener("input", () => this.changed());
    this.find("comment").addEventListener("submit", (event) => this.comment(event));
    document.addEventListener("room:signal", ({ detail }) => { if (!detail.from && detail.kind === "minutes") this.load(); });
    document.addEventListener("room:state", ({ detail }) => {
      if (detail.place === "inside" && this.place !== "inside") this.load();
      this.place = detail.place;
    });
    if (document.body.dataset.at === "after") { this.load(); setInterval(() => this.load(), LOOKS); }
    addEventListener("beforeunload", (event) => { if (this.dirty()) event.preventDefault(); });
  }

  status(text) { if (this.find("said").textContent !== text) this.find("said").textContent = text; }

  async load() {
    if (this.busy) { this.again = true; return; }
    try { this.take(await ask("zapis/")); } catch { /* the next signal asks again */ }
  }

  async step(action, values = {}) {
    try {
      this.take(await ask(`zapis/${action}/`, values));
      return true;
    } catch (fault) {
      this.status(fault.status ? fault.message : words.again);
      return false;
    }
  }

  take(now) {
    if (now.version < this.version) return;
    const writing = now.writes && now.version > 0 && !now.closed;
    const held = this.root.contains(document.activeElement) && document.activeElement;
    this.by = now.by;
    this.news(now, writing);
    this.find("begin").hidden = !now.writes || now.version > 0;
    this.find("write").hidden = !writing;
    this.find("read").hidden = writing;
    this.find("printed").hidden = !now.printed;
    this.find("remarks").hidden = now.version === 0 || (now.closed && !now.comments.length);
    this.find("comment").hidden = now.closed;
    this.remarks(now.comments);
    if (!now.version) this.status(now.writes ? "" : words.not_begun);
    else if (now.closed) this.status(now.printed ? words.closed : `${words.closed} ${now.pdf === "late" ? words.pdf_late : words.pdf_soon}`);
    else if (!writing) this.status("");
    if (writing) this.absorb(now.content);
    else if (now.version) this.read(now.content);
    this.version = now.version;
    clearTimeout(this.printing);
    if (now.closed && !now.printed) this.printing = setTimeout(() => this.load(), PRINTS);
    if (held && held.closest("[hidden]")) this.onward(writing);
  }

  // The pressed button has disappeared: moves the focus to the first field, or to the text.
  onward(writing) { (writing ? this.root.querySelector("textarea") : this.find("read")).focus(); }

  // Announces changes, because the section may be collapsed.
  news(now, writing) {
    const before = this.before;
    this.before = { version: now.version, closed: now.closed, remarks: now.comments.length };
    if (!before) return;
    for (const remark of now.comments.slice(before.remarks)) announce(fill("remark", remark));
    if (now.closed && !before.closed) {
      if (!this.root.checkVisibility()) announce(words.closed); // otherwise the visible line says so
    } else if (!before.version && now.version) announce(words.begun);
    else if (now.version > before.version && !writing) this.tell();
  }

  tell() {
    if (this.quiet) { this.more = true; return; }
    announce(words.changed);
    this.quiet = setTimeout(() => {
      this.quiet = 0;
      if (this.more) { this.more = false; this.tell(); }
    }, TELLS);
  }

  // Redraws only if something has changed, so that a reader's position is not lost.
  fresh(part, value) {
    this.drawn ??= {};
    const now = JSON.stringify(value);
    if (this.drawn[part] === now) return false;
    this.drawn[part] = now;
    return true;
  }

  remarks(all) {
    if (!this.fresh("remarks", all)) return;
    this.find("comments").replaceChildren(...all.map((remark) => {
      const line = element("li", "line");
      const at = new Date(remark.at).toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit", hourCycle: "h23" });
      line.append(element("span", "line__head", `${remark.name} ${at}`), element("span", "line__text", remark.text));
      return line;
    }));
  }

  read(content) {
    if (!this.fresh("read", content)) return;
    const parts = [];
    for (const name of TEXTS) if (content[name].trim()) parts.push(element("h3", "", words[name]), element("p", "line__text", content[name]));
    const tasks = content.tasks.filter((task) => task.what.trim());
    if (tasks.length) {
      const list = element("ol", "minutes__list");
      for (const task of tasks) list.append(element("li", "", [task.what, task.who, task.until && day(task.until)].filter(Boolean).join(" · ")));
      parts.push(element("h3", "", words.tasks), list);
    }
    this.find("read").replaceChildren(...(parts.length ? parts : [element("p", "muted", words.blank)]));
  }

  // --- writing

  fields() {
    const now = new Map(TEXTS.map((name) => [name, this.root.querySelector(`[data-field="${name}"]`).value]));
    for (const row of this.find("tasks").children) now.set(`task:${row.dataset.id}`, task(row));
    return now;
  }

  flat(content) {
    return new Map([...TEXTS.map((name) => [name, content[name]]), ...content.tasks.map(({ id, what, who, until }) => [`task:${id}`, { id, what, who, until }])]);
  }

  absorb(content) {
    const is = this.flat(content);
    const was = this.base ?? new Map();
    const mine = this.base ? this.fields() : new Map();
    for (const name of new Set([...is.keys(), ...was.keys(), ...mine.keys()])) {
      const [a, b, c] = [was.get(name), mine.get(name), is.get(name)];
      if (same(b, c)) this.settle(name);
      else if (same(a, b)) this.put(name, c);
      else if (same(a, c) || !c) continue; // changed only by us
      else if (!b) this.put(name, c); // deleted by us, changed by the other
      else this.conflict(name, c);
    }
    this.base = is;
  }

  put(name, value) {
    this.settle(name);
    if (!name.startsWith("task:")) {
      const field = this.root.querySelector(`[data-field="${name}"]`);
      const [from, to] = [field.selectionStart, field.selectionEnd];
      field.value = value;
      if (document.activeElement === field) field.setSelectionRange(from, to);
      return;
    }
    const row = this.find("tasks").querySelector(`[data-id="${CSS.escape(name.slice(5))}"]`);
    if (!value) row?.remove();
    else if (row) for (const part of ["what", "who", "until"]) row.querySelector(`[data-part="${part}"]`).value = value[part];
    else this.row(value);
  }

  row(entry) {
    const row = element("li", "minutes__task");
    row.dataset.id = entry.id;
    for (const [part, type] of [["what", "text"], ["who", "text"], ["until", "date"]]) {
      const label = element("label", "", words[part]);
      const input = element("input");
      Object.assign(input, { type, value: entry[part], ...(type === "text" && { maxLength: 500 }) });
      input.dataset.part = part;
      label.append(input);
      row.append(label);
    }
    const gone = button(words.task_remove, "", "error");
    gone.addEventListener("click", () => { row.remove(); this.changed(); this.find("add").focus(); });
    row.append(gone);
    this.find("tasks").append(row);
    return row;
  }

  conflict(name, theirs) {
    this.settle(name);
    const box = element("div", "minutes__conflict");
    box.setAttribute("role", "alert");
    const text = typeof theirs === "string" ? theirs : [theirs.what, theirs.who, theirs.until && day(theirs.until)].filter(Boolean).join(" · ");
    const [keep, take] = [button(words.keep), button(words.take)];
    const on = () => { this.changed(); place.querySelector("textarea, input")?.focus(); };
    keep.addEventListener("click", () => { this.settle(name); on(); });
    take.addEventListener("click", () => { this.put(name, theirs); on(); });
    box.append(element("p", "", fill("conflict", { name: this.by })), element("blockquote", "line__text", text), keep, " ", take);
    const place = name.startsWith("task:") ? this.find("tasks").querySelector(`[data-id="${CSS.escape(name.slice(5))}"]`) : this.root.querySelector(`[data-field="${name}"]`).parentElement;
    if (place.localName === "li") place.append(box);
    else place.after(box);
    this.held.set(name, { box, theirs });
    this.status("");
  }

  settle(name) {
    this.held.get(name)?.box.remove();
    this.held.delete(name);
  }

  // The content to save: our fields, but the other's where the person has not decided yet.
  wanted() {
    const now = this.fields();
    for (const [name, { theirs }] of this.held) now.set(name, theirs);
    return now;
  }

  dirty() {
    if (!this.base || this.find("write").hidden) return false;
    const [now, base] = [this.wanted(), this.base];
    return now.size !== base.size || [...now].some(([name, value]) => !same(value, base.get(name)));
  }

  changed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.save(), WAITS);
  }

  async save() {
    clearTimeout(this.waiting);
    if (this.busy || !this.dirty()) return !this.busy;
    this.busy = true;
    this.status(words.saving);
    const sent = this.wanted();
    const content = Object.fromEntries(TEXTS.map((name) => [name, sent.get(name)]));
    content.tasks = [...sent].filter(([name]) => name.startsWith("task:")).map(([, entry]) => entry);
    let done = false;
    try {
      const now = await ask("zapis/ulozit/", { version: this.version, content: JSON.stringify(content) });
      this.after(sent, now);
      done = true;
      this.status(this.held.size ? "" : words.saved);
    } catch (fault) {
      this.status(fault.status && fault.status < 500 ? fault.message : words.unsaved);
      if (!fault.status || fault.status >= 500) this.waiting = setTimeout(() => this.save(), 3 * WAITS);
      else if (fault.code === "minutes_are_closed") this.again = true;
    }
    this.busy = false;
    if (this.again) { this.again = false; this.load(); }
    else if (done && this.dirty()) this.changed();
    return done;
  }

  // Fields saved as sent become the new base; others are conflicts, which absorb() finds.
  after(sent, now) {
    const is = this.flat(now.content);
    for (const [name, value] of sent) if (same(is.get(name), value)) this.base.set(name, value);
    for (const name of [...this.base.keys()]) if (!sent.has(name) && !is.has(name)) this.base.delete(name);
    this.take(now);
  }

  async close() {
    if (this.dirty() && !await this.save()) return;
    if (this.held.size || !confirm(words.sure_close)) return;
    await this.step("uzavrit", { version: this.version });
  }

  async comment(event) {
    event.preventDefault();
    const field = event.target.elements.text;
    if (field.value.trim() && await this.step("poznamka", { text: field.value.trim() })) field.value = "";
  }
}

function task(row) {
  const part = (name) => row.querySelector(`[data-part="${name}"]`).value;
  return { id: row.dataset.id, what: part("what"), who: part("who"), until: part("until") };
}

function day(iso) {
  return new Date(`${iso}T12:00`).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "numeric", year: "numeric" });
}

for (const root of document.querySelectorAll("[data-minutes]")) new Minutes(root);
