// Updates the tour's time and numbers. Buttons are not replaced, so that none moves under a finger;
// when other buttons are needed, the page is reloaded.
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
    // The server is unreachable at the moment; the next update tries again.
  }
}

if (parts) setInterval(look, EVERY);
