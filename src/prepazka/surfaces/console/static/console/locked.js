// The page of a locked session: keeps the off-line counter locked too, and continues when another tab
// unlocks the session.
localStorage.setItem("screen-locked", "1");

if (globalThis.BroadcastChannel) {
  const tabs = new BroadcastChannel("prepazka-screen");
  tabs.postMessage({ locked: true });
  tabs.addEventListener("message", ({ data }) => {
    const back = document.querySelector("[data-lock-form] [name=next]").value;
    if (data.unlocked) location.replace(back || document.location.pathname);
  });
}
