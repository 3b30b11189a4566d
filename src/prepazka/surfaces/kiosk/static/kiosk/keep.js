// While the kiosk is on-line: renews what it may do without the server, sends what it did, keeps a
// touch until its ticket was shown, and loads the screen anew when staff ask for it.
(() => {
  "use strict";
  const EVERY = 60000;
  const KEEP_AGAIN = 600000;
  const PENDING = 300000; // a touch older than that is nobody's any more
  const SHELLS = ["/kiosk/bez-site/", "/en/kiosk/bez-site/"];
  const VERSION = document.currentScript.src.match(/keep\.([0-9a-f]+)\.js/)?.[1] || "dev";
  const keeper = PrepazkaOffline("kiosk", "/kiosk/zasoba/", SHELLS);
  const shell = SHELLS[document.documentElement.lang === "en" ? 1 : 0];
  const start = "start" in document.body.dataset;

  async function renew() {
    const said = await keeper.renew({ version: VERSION, loaded: Math.round(performance.now()) });
    if (said.refused) return said;
    await keeper.upload();
    if (start && said.reload) location.reload();
    return said;
  }

  async function upkeep() {
    const said = await renew();
    if (said.refused || !start) return;
    const kept = await keeper.get("screens");
    if (kept?.version === VERSION && Date.now() - kept.at < KEEP_AGAIN) return;
    await keeper.keep();
    await keeper.put("screens", { version: VERSION, at: Date.now() });
  }

  // Staff's wish to load anew comes by the live stream, not only with the next renewal.
  async function listen() {
    const kept = await keeper.ready();
    if (!kept?.slug || !start) return;
    new EventSource(`/zive/${kept.slug}/`).addEventListener("changed", (event) => {
      if (event.data.includes("devices")) renew().catch(() => {});
    });
  }

  async function resume() {
    const pending = await keeper.get("pending");
    if (!pending) return;
    const shown = document.querySelector(".kiosk-ticket__number, .kiosk-answer");
    if (shown || Date.now() - pending.at > PENDING) return keeper.drop("pending");
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (!start || !token) return;
    const form = document.createElement("form");
    form.method = "post";
    form.action = pending.url;
    const fields = { csrfmiddlewaretoken: token.value, touch: pending.touch, service: pending.service };
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
  }

  globalThis.PrepazkaKiosk = {
    // The touch is on the disk before the server is asked; a PIN never is.
    async pend(form) {
      if (!keeper.possible()) return;
      const said = Object.fromEntries(new FormData(form));
      const touch = said.touch;
      sessionStorage.removeItem("pin");
      if (said.pin !== undefined) sessionStorage.setItem("pin", JSON.stringify({ touch, pin: said.pin }));
      else if (said.service) {
        await keeper.put("pending", { touch, service: said.service, url: form.action, at: Date.now() });
      }
    },
    // The server is not reached: go on without it, if the kiosk may.
    async takeOver() {
      if (!(await keeper.ready()) || !(await caches.match(shell))) return false;
      location.assign(shell);
      return true;
    },
  };

  // The server has answered, or another person came: the PIN of before is nobody's any more.
  sessionStorage.removeItem("pin");
  if (!keeper.possible()) return;
  resume().catch(() => {});
  upkeep().then(listen).catch(() => {});
  setInterval(() => upkeep().catch(() => {}), EVERY);
})();
