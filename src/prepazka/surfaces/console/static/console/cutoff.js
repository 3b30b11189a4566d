// The counter without the server: it calls from its own list, in the same order of turn, and by
// numbers that a kiosk gives while it is cut off too. Everything is signed and kept until the
// server answers, then sent, and the ordinary console comes back.
(() => {
  "use strict";
  const TRY = 5000;
  const { url, home } = document.currentScript.dataset;
  const lang = document.documentElement.lang;
  const keeper = PrepazkaOffline("console", url, []);
  const $ = (id) => document.getElementById(id);
  let kept = null;
  let state = null; // { grant, called: [labels], current: {label, state} | null, numbers: {letter: n} }
  let busy = false;

  const key = () => `calls:${kept.grant}`;
  const nameOf = (service) => { const all = kept.services[service]; return all ? all[lang] || all.cs : ""; };

  // Whom this counter may still call: what the server dealt to it, without whom it has called.
  const waiting = () => kept.tickets.filter((w) => !state.called.includes(w.label));

  const next = () => PrepazkaRules.nextInTurn(waiting(), {
    serves: kept.serves, counter: kept.counter, policy: kept.policy, now: keeper.clock(kept),
  });

  async function does(kind, label, more, change) {
    const now = { ...state, ...change };
    await keeper.write({ kind, label, ...more }, async () => ({ keep: { [key()]: now } }));
    state = now;
    draw();
  }

  const call = (label, code) => does("call", label, { code }, {
    called: state.called.includes(label) ? state.called : [...state.called, label],
    current: { label, state: "called" },
  });

  // The next number of a letter's block that is this counter's to call.
  function nextNumber(share) {
    let n = (state.numbers[share.letter] ?? kept.first - 1) + 1;
    while (!share.mine.includes((n - kept.first) % share.step)) n += 1;
    return n;
  }

  const steps = {
    next: () => { const one = next(); const w = one && waiting().find((x) => x.ticket === one.ticket); return w && call(w.label, one.code); },
    again: () => call(state.current.label, "again"),
    start: () => does("start", state.current.label, {}, { current: { ...state.current, state: "serving" } }),
    finish: () => does("finish", state.current.label, {}, { current: null }),
    absent: () => does("absent", state.current.label, {}, { current: null }),
  };

  async function number(letter) {
    const share = kept.shares.find((one) => one.letter === letter);
    const n = nextNumber(share);
    state.numbers = { ...state.numbers, [letter]: n };
    await call(`${letter}${n}`, "offline_number");
  }

  async function typed() {
    const label = $("typed").value.trim().toUpperCase().replace(/\s/g, "");
    if (!/^\p{Lu}{1,3}[0-9]{1,6}$/u.test(label)) return;
    $("typed").value = "";
    await call(label, "offline_number");
  }

  function able(button, may) {
    button.disabled = !may;
    button.toggleAttribute("data-disabled", !may);
    if (!may) button.dataset.disabled = "true";
  }

  function draw() {
    const { current } = state;
    $("counter").textContent = kept.name[lang] || kept.name.cs;
    $("number").textContent = current ? current.label : "–";
    $("called").hidden = current?.state !== "called";
    $("serving").hidden = current?.state !== "serving";
    $("idle").hidden = Boolean(current);
    const one = next();
    const may = {
      next: !current && one, again: current?.state === "called", start: current?.state === "called",
      finish: current, absent: current?.state === "called",
    };
    for (const button of document.querySelectorAll("[data-step]")) able(button, may[button.dataset.step]);
    for (const button of document.querySelectorAll("[data-typed]")) able(button, !current);
    $("list").replaceChildren(...waiting().map((w) => {
      const row = document.createElement("li");
      row.textContent = `${w.label} – ${nameOf(w.service)}`;
      return row;
    }));
    $("numbers").replaceChildren(...kept.shares.map((share) => {
      const made = $("number-button").content.cloneNode(true);
      const button = made.querySelector("button");
      button.dataset.number = share.letter;
      able(button, !current);
      made.querySelector("[data-label]").textContent = `${share.letter}${nextNumber(share)}`;
      return made;
    }));
  }

  async function once(work) {
    if (busy || !kept) return;
    busy = true;
    try { await work(); } catch { $("broken").hidden = false; } finally { busy = false; }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    if (button.dataset.step) once(steps[button.dataset.step]);
    else if (button.dataset.number) once(() => number(button.dataset.number));
    else if ("typed" in button.dataset) once(typed);
  });

  async function back() {
    // What was done is sent before anything is asked for: its list is what these calls came from.
    await keeper.upload();
    const answer = await fetch(home, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(8000) });
    if (answer.status < 500) location.replace(home);
  }

  (async () => {
    kept = await keeper.ready();
    if (!kept) { $("broken").hidden = false; return; }
    state = (await keeper.get(key())) || { called: [], current: kept.current, numbers: {} };
    // What was seen last on-line is newer than a state of an earlier cut.
    if (state.heard !== kept.heard) state = { ...state, called: [], heard: kept.heard, current: kept.current };
    await keeper.put(key(), state);
    draw();
  })().catch(() => { $("broken").hidden = false; });
  setInterval(() => { if (!busy) once(() => back().catch(() => {})); }, TRY);
})();
