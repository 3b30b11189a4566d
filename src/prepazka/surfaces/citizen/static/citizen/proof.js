// Solves the page's proof of work while the person reads. The form works without it.
const LONGEST = 60_000; // ms; whoever pressed then goes on without a solution
const box = document.querySelector("[data-proof]");

function solve() {
  const form = box.closest("form");
  let settled = false;
  let pressed = null;

  window.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(box.dataset.worker));
  const widget = document.createElement("altcha-widget");
  widget.setAttribute("display", "invisible");
  widget.setAttribute("auto", "onload");
  widget.setAttribute("challenge", box.dataset.challenge);
  widget.setAttribute("configuration", JSON.stringify({ minDuration: 0 }));

  // The widget requires a hidden field until the task is solved, so that the browser would drop an
  // earlier press without a word. The press waits for the solution instead.
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    if (settled) return;
    event.preventDefault();
    pressed?.removeAttribute("aria-busy");
    pressed = event.submitter;
    pressed?.setAttribute("aria-busy", "true");
    setTimeout(settle, LONGEST);
  });
  widget.addEventListener("statechange", (event) => {
    if (["verified", "error", "expired"].includes(event.detail.state)) settle();
  });

  function settle() {
    if (settled) return;
    settled = true;
    if (pressed) setTimeout(() => form.requestSubmit(pressed)); // the widget writes its field first
  }

  box.append(widget);
}

if (box && window.$altcha && window.isSecureContext) solve();
