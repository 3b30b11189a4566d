// Updates [data-clock]. An element with data-now="2026-11-23T08:30:00+01:00" gives the office's
// time, which may differ from the clock of this computer.
let wall = 0;
let since = 0;

function set() {
  const moment = document.querySelector("[data-now]")?.dataset.now;
  if (!moment) return;
  wall = Date.parse(moment.replace(/([+-]\d\d:\d\d|Z)$/, "") + "Z");
  since = performance.now();
  show();
}

function show() {
  const now = new Date(wall + performance.now() - since);
  const text = now.getUTCHours() + ":" + String(now.getUTCMinutes()).padStart(2, "0");
  for (const clock of document.querySelectorAll("[data-clock]")) {
    if (clock.textContent !== text) clock.textContent = text;
  }
}

set();
if (wall) setInterval(show, 1000);
document.addEventListener("live:updated", set);
