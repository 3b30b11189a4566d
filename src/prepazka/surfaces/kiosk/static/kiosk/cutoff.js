// The off-line kiosk: issues tickets from its own block of numbers and checks PINs by its own list.
// Screens are templates of the page. As soon as the server answers, the log is sent and the ordinary
// start screen is loaded.
(() => {
  "use strict";
  const TRY = 5000;
  const LOW = 20; // a warning is shown when a letter has at most so many numbers left
  const SHOWN = 60; // seconds for which a number is shown, as there may be no paper
  const lang = document.documentElement.lang;
  const keeper = PrepazkaOffline("kiosk", "/kiosk/zasoba/", []);
  const screen = document.getElementById("screen");
  let kept = null;
  let wrong = 0;
  let paused = 0;
  let left = 0;
  let busy = false;
  let shown = "";
  let used = {}; // the last number given of each letter

  // --- screens --------------------------------------------------------------------------------

  function show(name, words = {}, idle = 30) {
    shown = name;
    left = name === "start" || name === "closed" ? 0 : idle;
    const made = document.getElementById(`screen-${name}`).content.cloneNode(true);
    for (const place of made.querySelectorAll("[data-word]")) {
      if (words[place.dataset.word] !== undefined) place.textContent = words[place.dataset.word];
    }
    // Sentences have placeholders [window], [opens], [closes] for times.
    for (const place of made.querySelectorAll("[data-times]")) {
      place.textContent = place.textContent.replace(/\[(\w+)\]/g, (_, key) => words[key] ?? "");
    }
    for (const place of made.querySelectorAll("[data-left]")) place.textContent = left;
    screen.replaceChildren(made);
    screen.querySelector("h1")?.focus();
  }

  const clock = (ms) => new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "cs",
    { hour: "numeric", minute: "2-digit", timeZone: kept.zone }).format(ms).replace(/^0/, "");

  function offered(now) {
    return kept.services.filter((one) => one.hours.some(([from, to]) => from <= now && now < to));
  }

  async function start() {
    if (kept && keeper.clock(kept) >= kept.expires) {
      kept = await keeper.ready();
      await readUsed();
    }
    const now = kept && keeper.clock(kept);
    if (!kept) return show("closed");
    show("start");
    const list = screen.querySelector("[data-services]");
    for (const one of offered(now)) {
      const made = document.getElementById("service").content.cloneNode(true);
      made.querySelector("[data-letter]").textContent = one.letter;
      made.querySelector("[data-name]").textContent = one.name[lang] || one.name.cs;
      made.querySelector("button").dataset.service = one.code;
      made.querySelector("button").dataset.touch = crypto.randomUUID();
      list.append(made);
    }
    if (!list.children.length) screen.querySelector("[data-lead]").hidden = true;
    screen.querySelector("[data-few]").replaceChildren(...few(offered(now)));
  }

  // --- numbers ----------------------------------------------------------------------------------

  async function readUsed() {
    used = {};
    for (const letter of Object.keys(kept?.numbers || {})) {
      used[letter] = (await keeper.get(`used:${kept.grant}:${letter}`)) || 0;
    }
  }

  const leftOf = (letter) => (kept.numbers[letter] || [])
    .reduce((sum, [first, last]) => sum + Math.max(0, last - Math.max(first - 1, used[letter] || 0)), 0);

  // A line for each letter with few numbers left, so that staff can act in time.
  function few(services) {
    const letters = [...new Set(services.map((one) => one.letter))].sort();
    return letters.filter((letter) => leftOf(letter) <= LOW).map((letter) => {
      const n = leftOf(letter);
      const form = n ? new Intl.PluralRules(lang).select(n) : "none";
      const line = document.createElement("p");
      line.textContent = document.getElementById(`few-${form}`).content.textContent
        .replace("[n]", n).replace("[letter]", letter);
      return line;
    });
  }

  // --- tickets ----------------------------------------------------------------------------------

  // The next number of the letter; a repeated touch gets its previous number.
  function issue(service, letter, touch, more = {}, mark = {}) {
    return keeper.write({ kind: "issue", touch, service, language: lang, ...more }, async (now) => {
      const given = (await keeper.get("touches")) || {};
      if (given[touch]) return { known: given[touch] };
      const last = (await keeper.get(`used:${now.grant}:${letter}`)) || 0;
      const block = (now.numbers[letter] || []).find(([, end]) => last < end);
      if (!block) return { known: "none" };
      const number = Math.max(block[0], last + 1);
      const label = `${letter}${number}`;
      used[letter] = number;
      const touches = now.day === given.day ? { ...given, [touch]: label } : { day: now.day, [touch]: label };
      return {
        body: { label }, answer: label,
        keep: { [`used:${now.grant}:${letter}`]: number, touches, ...(mark.of ? mark.of(label) : {}) },
      };
    });
  }

  async function give(code, touch) {
    const one = kept.services.find((service) => service.code === code);
    const label = one && await issue(code, one.letter, touch);
    await keeper.drop("pending");
    if (!label || label === "none") return show("none");
    ticket(label, one);
  }

  function ticket(label, service, name = "ticket", words = {}) {
    show(name, { ...words, number: label, service: service.name[lang] || service.name.cs }, SHOWN);
    const paper = screen.querySelector("[data-paper]");
    if (paper) paper.hidden = !kept.prints;
    const none = screen.querySelector("[data-no-paper]");
    if (none) none.hidden = kept.prints;
    if (!kept.prints) return;
    const issued = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "cs",
      { day: "numeric", month: lang === "en" ? "long" : "numeric", year: "numeric", timeZone: kept.zone });
    const now = keeper.clock(kept);
    paperOf({
      number: label,
      service: service.name[lang] || service.name.cs,
      issued: `${issued.format(now)} ${clock(now)}`,
      window: words.window,
      turn: words.turn,
      late: name === "late" ? "1" : "",
      where: service.where?.[lang] || "",
    });
    setTimeout(() => print(), 200);
  }

  // The sheet that the browser prints, without empty lines.
  function paperOf(words) {
    const sheet = document.querySelector(".ticket-paper");
    for (const place of sheet.querySelectorAll("[data-paper-word]")) {
      place.textContent = words[place.dataset.paperWord] || "";
    }
    for (const line of sheet.querySelectorAll("[data-paper-line]")) {
      line.hidden = !words[line.dataset.paperLine];
    }
    sheet.querySelector(".ticket-paper__number").dataset.length = words.number.length;
  }

  // --- PINs ---------------------------------------------------------------------------------------

  async function pin(typed, touch) {
    const now = keeper.clock(kept);
    if (now < paused) return pause();
    if (typed.length < 4) return show("short");
    if (await guarded(now)) return show("reception");
    const h = await keeper.hmac(kept.pinKey, typed);
    const used = (await keeper.get(`pins:${kept.grant}`)) || {};
    const given = used[h];
    const found = kept.pins.filter((one) => one.h === h).map((one) => (given
      ? { ...one, state: "arrived", since: given.at ?? null, givenHere: given.at ?? null } : one));
    const said = PrepazkaRules.verdict(found, { office: kept.office, today: kept.day, now });
    const words = said.found ? {
      window: `${clock(said.found.start)}–${clock(said.found.end)}`,
      turn: said.found.start > now ? clock(said.found.start) : "",
      opens: clock(said.opens), closes: clock(said.closes), since: said.found.since ? clock(said.found.since) : "",
      call: said.found.call ? `${said.found.call[lang] || said.found.call.cs}.` : "",
    } : {};
    // Only the server can return a ticket to the queue; this says what happened and where to go.
    if (said.outcome === "returned") said.outcome = "missed";
    if (said.accepted) return arrive(said, h, used, touch, words);
    await keeper.write({ kind: "pin", label: "", outcome: said.outcome }, async () => ({}));
    if (said.outcome === "again") return reprint(said, given, words);
    if (said.outcome === "unknown") await noteWrong(now);
    if (said.outcome === "unknown" && (wrong += 1) >= kept.wrong_pins) {
      wrong = 0;
      paused = now + kept.pause * 1000;
      return pause();
    }
    show(said.outcome, words);
    const since = screen.querySelector("[data-since]");
    if (since) since.hidden = !words.since;
  }

  // Telephone numbers are not available off-line, so the kiosk refers people to reception instead.
  async function guarded(now) {
    const { wrong: most, within, until } = kept.guard;
    const times = (await keeper.get("wrong")) || [];
    return now < until || times.filter((at) => at > now - within).length >= most;
  }

  async function noteWrong(now) {
    const times = (await keeper.get("wrong")) || [];
    await keeper.put("wrong", [...times.filter((at) => at > now - kept.guard.within), now]);
  }

  // After a paper jam, or if the PIN was entered twice, the same ticket is shown.
  function reprint(said, given, words) {
    const service = kept.services.find((one) => one.code === said.found.service) || { name: { cs: "" } };
    ticket(given.label, service, given.late ? "late" : "arrived", words);
  }

  async function arrive(said, h, used, touch, words) {
    wrong = 0;
    const one = kept.services.find((service) => service.code === said.found.service)
      || { name: { cs: "" }, letter: said.found.letter };
    const label = await issue(said.found.service, said.found.letter, touch,
      { h, late: said.late, outcome: said.outcome },
      { of: (given) => ({
        [`pins:${kept.grant}`]: { ...used, [h]: { label: given, at: keeper.clock(kept), late: said.late } },
      }) });
    if (label === "none") return show("none");
    ticket(label, one, said.late ? "late" : "arrived", words);
  }

  function pause() {
    const seconds = Math.ceil((paused - keeper.clock(kept)) / 1000);
    show("paused", { seconds }, seconds);
  }

  // --- touches -------------------------------------------------------------------------------------

  async function once(work) {
    if (busy) return;
    busy = true;
    try { await work(); } catch { show("broken"); } finally { busy = false; }
  }

  document.addEventListener("click", (event) => {
    left = left && Math.max(left, 30);
    const button = event.target.closest("button");
    if (!button) return;
    const { service, touch, go, key } = button.dataset;
    if (service) return once(() => give(service, touch));
    if (go === "pin") { show("pin"); screen.querySelector("[data-confirm]").dataset.touch = crypto.randomUUID(); }
    else if (go === "start") start();
    else if (key) type(key);
    else if ("confirm" in button.dataset) {
      const typed = screen.querySelector("#pin").value;
      once(() => pin(typed, touch));
    }
  });

  function type(key) {
    const field = screen.querySelector("#pin");
    if (key === "back") field.value = field.value.slice(0, -1);
    else if (field.value.length < 4) field.value += key;
  }

  setInterval(() => {
    const over = kept && keeper.clock(kept) >= kept.expires; // the day has ended
    if (!busy && (over || (left && (left -= 1) <= 0))) start();
    for (const place of document.querySelectorAll("[data-left]")) place.textContent = left || "";
  }, 1000);

  // --- back to the server ---------------------------------------------------------------------------

  let returning = false; // sending a long log may last beyond the next attempt

  async function back() {
    if (returning) return;
    returning = true;
    try { await goBack(); } finally { returning = false; }
  }

  async function goBack() {
    const said = await keeper.renew({ version: "cutoff", loaded: Math.round(performance.now()) });
    if (said.refused) return;
    await keeper.upload();
    kept = await keeper.ready();
    await readUsed();
    // A number on the screen is not replaced while somebody reads it.
    if (["start", "closed"].includes(shown)) location.replace(lang === "en" ? "/en/kiosk/" : "/kiosk/");
  }

  (async () => {
    kept = await keeper.ready();
    await readUsed();
    const pending = await keeper.get("pending");
    const typed = JSON.parse(sessionStorage.getItem("pin") || "null");
    sessionStorage.removeItem("pin");
    if (kept && typed) await once(() => pin(typed.pin, typed.touch));
    else if (kept && pending && Date.now() - pending.at < 300000) {
      await once(() => give(pending.service, pending.touch));
    } else start();
    setInterval(() => back().catch(() => {}), TRY);
  })().catch(() => show("broken"));
})();
