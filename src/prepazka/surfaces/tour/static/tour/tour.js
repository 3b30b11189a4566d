// Keeps the time and the numbers of the tour fresh. Buttons stay as they are, so that none moves
// away under a finger; when other buttons are due, the page is loaded anew.
(() => {
  "use strict";
  const EVERY = 2000;
  const parts = document.getElementById("tour-parts");

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(parts.dataset.fragment, {
        headers: { "X-Fragment": "1" }, cache: "no-store", signal: AbortSignal.timeout(10000),
      });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (fresh.getElementById("tour-state").dataset.state !== parts.dataset.state) {
        location.reload();
        return;
      }
      for (const part of fresh.querySelectorAll("[data-part]")) {
        const shown = document.querySelector(`[data-part="${part.dataset.part}"]`);
        if (shown && shown.innerHTML !== part.innerHTML) shown.innerHTML = part.innerHTML;
      }
    } catch {
      // The server is away for a moment; the next look tries again.
    }
  }

  if (parts) setInterval(look, EVERY);
})();
