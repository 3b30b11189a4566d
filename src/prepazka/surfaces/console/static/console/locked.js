// The page of a locked session: the counter without the server stays locked too, and when another tab
// unlocks the session, this one goes on as well.
(() => {
  "use strict";
  localStorage.setItem("screen-locked", "1");
  if (!globalThis.BroadcastChannel) return;
  const tabs = new BroadcastChannel("prepazka-screen");
  tabs.postMessage({ locked: true });
  tabs.addEventListener("message", ({ data }) => {
    const back = document.querySelector("[data-lock-form] [name=next]").value;
    if (data.unlocked) location.replace(back || document.location.pathname);
  });
})();
