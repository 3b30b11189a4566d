// <prepazka-terms office="…" service="…" official="…" department="…" lang="cs" count="5">
//   <a href="…">Objednat se</a>  (shown until slots are loaded, or if that fails)
// </prepazka-terms>
(() => {
  "use strict";
  const HOME = new URL(document.currentScript ? document.currentScript.src : location.href).origin;
  const LINE = "var(--prepazka-border, #b1b8c1)", INK = "var(--prepazka-color, #262626)";
  const STYLE = `
:host { display: block; box-sizing: border-box; max-width: 42rem; padding: 1rem; overflow-wrap: break-word;
  border: 1px solid ${LINE}; border-radius: var(--prepazka-radius, 8px);
  background: var(--prepazka-background, #fff); color: ${INK};
  font: var(--prepazka-font, inherit); line-height: 1.4; }
:host([hidden]) { display: none; }
p, ul { margin: 0; padding: 0; }
#head { font-weight: 700; font-size: 1.125em; }
ul { list-style: none; margin-block: .5rem; }
li + li { border-top: 1px solid ${LINE}; }
a { display: block; padding-block: .75rem; color: var(--prepazka-accent, #254a8c); font-weight: 700; }
a:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
small { display: block; font-size: .875em; font-weight: 400; color: ${INK}; }`;

  const make = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);

  class Terms extends HTMLElement {
    static observedAttributes = ["office", "service", "official", "department", "lang", "count"];
    #turn = 0;

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet(); // allowed by a strict style-src, unlike a style element
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      root.append(document.createElement("slot"));
    }

    connectedCallback() { this.#load(); }

    attributeChangedCallback() { if (this.isConnected) this.#load(); }

    async #load() {
      const turn = ++this.#turn;
      await null; // attributes set together cause one request
      if (turn !== this.#turn) return;
      const office = encodeURIComponent(this.getAttribute("office") || "");
      const query = new URLSearchParams({ most: this.getAttribute("count") || "5",
        language: this.lang || document.documentElement.lang || "cs" });
      for (const name of ["service", "official", "department"])
        if (this.getAttribute(name)) query.set(name, this.getAttribute(name));
      this.setAttribute("aria-busy", "true");
      let reply = null;
      try {
        const options = { credentials: "omit", signal: AbortSignal.timeout(8000) };
        const answer = await fetch(`${HOME}/api/v1/offices/${office}/slots?${query}`, options);
        if (answer.ok) reply = await answer.json();
      } catch { /* the link below is for this */ }
      if (turn !== this.#turn) return;
      this.removeAttribute("aria-busy");
      if (reply?.page) this.#show(reply); else this.#fail(office);
    }

    #show({ page, slots, path }) {
      const home = HOME + page.prefix, { language } = page;
      const head = make("p", page.free, { id: "head" });
      const list = make("ul", "", { role: "list" });
      list.setAttribute("aria-labelledby", "head");
      for (const slot of slots) {
        const link = make("a", when(slot, page.locale), { href: home + slot.path });
        const names = slot.service_name;
        const lang = [language, "en", "cs", ...Object.keys(names)].find((code) => names[code]);
        if (!this.getAttribute("service") && lang) link.append(make("small", names[lang], { lang }));
        const item = make("li", "");
        item.append(link);
        list.append(item);
      }
      const body = slots.length ? list : make("p", page.none);
      this.#put(language, head, body, make("a", page.all, { href: home + path }));
    }

    // Without an answer no words are known, so a link without the site's own text is an address.
    #fail(office) {
      const href = `${HOME}/${office}/`;
      if (this.children.length) this.#put("", document.createElement("slot"));
      else this.#put("", make("a", href.replace(/^https?:../, ""), { href }));
    }

    #put(lang, ...parts) {
      if (lang) for (const part of parts) part.lang = lang;
      this.shadowRoot.replaceChildren(...parts);
    }
  }

  // In the office's time zone, whatever the visitor's is.
  function when({ starts_at: from, ends_at: to }, locale) {
    const shown = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" };
    const day = new Date(from.slice(0, 10)).toLocaleDateString(locale, shown);
    const [start, end] = [from, to].map((time) => time.slice(11, 16).replace(/^0/, ""));
    return `${day}, ${start}–${end}`;
  }

  if (!customElements.get("prepazka-terms")) customElements.define("prepazka-terms", Terms);
})();
