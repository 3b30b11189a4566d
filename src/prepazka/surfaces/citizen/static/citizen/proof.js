// Solves the page's proof of work while the person reads. The form works without it.
(() => {
  "use strict";
  const box = document.querySelector("[data-proof]");
  if (!box || !window.$altcha || !window.isSecureContext) return;
  window.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(box.dataset.worker));
  const widget = document.createElement("altcha-widget");
  widget.setAttribute("display", "invisible");
  widget.setAttribute("auto", "onload");
  widget.setAttribute("challenge", box.dataset.challenge);
  widget.setAttribute("configuration", JSON.stringify({ minDuration: 0 }));
  box.append(widget);
})();
