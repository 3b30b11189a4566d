// The viewer of documents: the page shown to everybody, and a page viewed alone.
import { ask, base, fill, element, settings, words } from "./asking.js";
import { announce } from "./view.js";

const SIZES = [1, 1.5, 2, 3];
const POINTS = 150; // ms between signals of a moving pointer
const FADES = 2500;

export class Viewer {
  constructor(papers) {
    this.papers = papers;
    this.root = document.getElementById("paper");
    this.alone = null; // {document, page} viewed alone, or null
    this.size = 0;
    const find = (name) => this.root.querySelector(`[data-${name}]`);
    this.parts = Object.fromEntries(["name", "lead", "page", "sheet", "box", "image", "point", "words"].map((name) => [name, find(name)]));
    const acts = {
      back: () => this.turn(-1), next: () => this.turn(1), less: () => this.zoom(-1), more: () => this.zoom(1),
      alone: () => this.part(), return: () => this.join(), stop: () => this.papers.show(null, 1),
    };
    for (const [name, act] of Object.entries(acts)) this.act(name).addEventListener("click", act);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.parts.box.addEventListener("pointerdown", (event) => this.point(event));
    this.parts.box.addEventListener("pointermove", (event) => { if (event.buttons === 1) this.point(event); });
  }

  act(name) { return this.root.querySelector(`[data-act="${name}"]`); }

  get now() { return this.alone ?? this.papers.seen; }

  get document() { return this.papers.documents.find((file) => file.id === this.now.document); }

  follow(before) {
    const { seen } = this.papers;
    if (this.alone && !this.papers.documents.some((file) => file.id === this.alone.document)) this.alone = null;
    this.draw();
    if (this.alone || (before.document === seen.document && before.page === seen.page)) return;
    if (this.document) announce(this.title());
    else if (before.document) announce(words.stopped);
  }

  title() {
    const { name, pages } = this.document;
    return fill("page", { name, page: this.now.page, pages });
  }

  open(file, forAll) {
    this.opened = file.id; // focused when it has been drawn
    if (forAll) { this.alone = null; this.papers.show(file.id, 1); }
    else this.alone = { document: file.id, page: 1 };
    this.draw();
  }

  turn(by) {
    const shownFile = this.document;
    const page = this.now.page + by;
    if (!shownFile || page < 1 || page > shownFile.pages) return;
    if (!this.alone && this.papers.leads) {
      // Shows the page at once; the others see it after the server's signal.
      this.papers.seen = { ...this.papers.seen, page };
      this.papers.show(shownFile.id, page);
    } else this.alone = { document: shownFile.id, page };
    this.draw();
    announce(this.title());
  }

  part() { this.alone = { ...this.papers.seen }; this.draw(); this.act("return").focus(); }

  join() { this.alone = null; this.draw(); (this.root.hidden ? this.lists() : this.parts.sheet)?.focus(); }

  lists() { return document.querySelector("#documents > summary"); }

  zoom(by) {
    this.size = Math.min(Math.max(this.size + by, 0), SIZES.length - 1);
    this.parts.box.style.width = `${SIZES[this.size] * 100}%`;
    this.root.dataset.size = this.size;
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select, summary, [data-words]")) return;
    const wide = this.size > 0; // the arrow keys then scroll the enlarged page
    const acts = {
      PageDown: () => this.turn(1), PageUp: () => this.turn(-1), "+": () => this.zoom(1), "-": () => this.zoom(-1),
      ...(!wide && { ArrowRight: () => this.turn(1), ArrowLeft: () => this.turn(-1) }),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  draw() {
    const shownFile = this.document;
    const held = this.root.contains(document.activeElement);
    this.root.hidden = !shownFile || !this.papers.inside;
    if (held && this.root.hidden) this.lists()?.focus();
    document.body.toggleAttribute("data-paper", !this.root.hidden);
    if (this.root.hidden) return;
    const { page } = this.now;
    const { parts } = this;
    if (this.opened === shownFile.id) { this.opened = ""; parts.sheet.focus(); }
    const common = this.papers.seen.document && this.alone;
    parts.name.textContent = shownFile.name;
    parts.page.textContent = fill("page_short", { page, pages: shownFile.pages });
    this.leading();
    const ends = { back: page <= 1, next: page >= shownFile.pages };
    for (const [name, end] of Object.entries(ends)) {
      if (end && document.activeElement === this.act(name)) this.parts.sheet.focus();
      this.act(name).disabled = end;
    }
    this.act("alone").hidden = Boolean(this.alone);
    this.act("return").hidden = !this.alone;
    this.act("stop").hidden = !this.papers.leads || !this.papers.seen.document || Boolean(common);
    const address = `${base}soubory/${shownFile.id}/strana/${page}/`;
    if (this.address === address) return;
    this.address = address;
    parts.image.src = address;
    parts.image.alt = this.title();
    parts.point.hidden = true;
    parts.sheet.scrollTo(0, 0);
    this.read(address);
  }

  leading() {
    const { leader } = this.papers.seen;
    const { lead } = this.parts;
    let text = words.lead_chair;
    if (this.alone) text = words.own;
    else if (this.papers.leads && (!leader || leader === settings.me)) text = words.lead_me;
    else if (leader) text = fill("lead_other", { name: this.papers.person(leader)?.name ?? "" });
    // Redraws only if something has changed, because redrawing closes an open select.
    const shows = JSON.stringify([text, settings.chair && !this.alone && [leader, this.papers.people.map((person) => [person.id, person.name])]]);
    if (lead.dataset.shows === shows) return;
    lead.dataset.shows = shows;
    lead.textContent = text;
    if (settings.chair && !this.alone) this.choice(lead, leader);
  }

  // The chair chooses who turns the pages.
  choice(lead, leader) {
    const select = element("select", "paper__leader");
    select.setAttribute("aria-label", lead.textContent);
    for (const person of this.papers.people) {
      const option = element("option", "", person.id === settings.me ? words.lead_me : fill("lead_other", { name: person.name }));
      option.value = person.id;
      option.selected = person.id === (leader ?? settings.me);
      select.append(option);
    }
    select.addEventListener("change", () => this.papers.lead(select.value));
    if (this.papers.people.length > 1) lead.replaceChildren(select);
  }

  async read(address) {
    this.parts.words.textContent = "";
    const reply = await ask(`${address.slice(base.length)}text/`).catch(() => null);
    if (reply && this.address === address) this.parts.words.textContent = reply.text || words.no_words;
  }

  point(event) {
    const box = this.parts.box.getBoundingClientRect();
    const now = Date.now();
    if (this.pointedAt && now - this.pointedAt < POINTS && event.type === "pointermove") return;
    this.pointedAt = now;
    const at = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    const body = { document: this.now.document, page: this.now.page, x: Math.round(at.x * 1e4) / 1e4, y: Math.round(at.y * 1e4) / 1e4 };
    document.dispatchEvent(new CustomEvent("room:send", { detail: { kind: "point", body } }));
    this.mark("", at);
  }

  pointed(name, { document: id, page, x, y }) {
    const sane = [x, y].every((coordinate) => typeof coordinate === "number" && coordinate >= 0 && coordinate <= 1);
    if (sane && id === this.now.document && page === this.now.page) this.mark(name, { x, y });
  }

  mark(name, { x, y }) {
    const { point } = this.parts;
    point.style.left = `${x * 100}%`;
    point.style.top = `${y * 100}%`;
    point.textContent = name;
    point.hidden = false;
    if (name && this.pointing !== name) announce(fill("points", { name }));
    this.pointing = name;
    clearTimeout(this.fading);
    this.fading = setTimeout(() => { point.hidden = true; this.pointing = ""; }, FADES);
  }
}
