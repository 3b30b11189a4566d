// Shows new calls one after another: each with a chime and a steady highlight, never two at once.
(() => {
  "use strict";
  const HOLD = 6000; // ms for which a call has the large place for itself
  const chime = document.querySelector("[data-chime]");
  const sound = document.querySelector("[data-sound]");
  const live = document.querySelector("[data-live]");
  const queue = [];
  let known = keys();
  let current = null;

  function rows() {
    return [...document.querySelectorAll("[data-call]")].map((row) => ({ ...row.dataset }));
  }

  function keys() { return new Set(rows().map((row) => row.call)); }

  function look() {
    if (live.querySelector("[data-reload]")) { location.reload(); return; }
    const now = rows();
    const valid = new Set(now.map((row) => row.ticket));
    const fresh = now.filter((row) => !known.has(row.call) && row.state === "called");
    known = new Set([...keys(), ...queue.map((row) => row.call)]);
    queue.push(...fresh.reverse());
    // A call taken back within seconds is not shown any more.
    if (now.length) {
      for (let i = queue.length - 1; i >= 0; i -= 1) {
        if (now.length < 6 && !valid.has(queue[i].ticket)) queue.splice(i, 1);
      }
    }
    if (current) paint();
    else next();
  }

  function next() {
    current = queue.shift() ?? null;
    paint();
    if (!current) return;
    ring();
    setTimeout(next, HOLD);
  }

  function paint() {
    const place = document.querySelector("[data-latest]");
    if (!place) return;
    const shown = current ?? rows()[0];
    place.classList.toggle("is-new", current !== null);
    if (!shown) return;
    place.querySelector("[data-number]").textContent = shown.ticket;
    place.querySelector("[data-counter]").textContent = shown.counter;
    place.querySelector("[data-place]").textContent = shown.place;
    const calling = current !== null || shown.state === "called";
    place.querySelector("[data-label-now]").hidden = !calling;
    place.querySelector("[data-label-last]").hidden = calling;
  }

  async function ring() {
    try {
      chime.currentTime = 0;
      await chime.play();
      sound.hidden = true;
    } catch {
      sound.hidden = false; // the browser wants a touch first
    }
  }

  sound.addEventListener("click", ring);
  live.addEventListener("live:updated", look);
})();
