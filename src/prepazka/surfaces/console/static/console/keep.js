// While the console is on-line: renews the list of people whom this counter may call without the
// server, and sends what it did. Without an answer the counter goes on by itself.
(() => {
  "use strict";
  const EVERY = 5000;
  const KEEP_AGAIN = 600000;
  const { url, shell } = document.currentScript.dataset;
  const keeper = PrepazkaOffline("console", url, [shell]);
  const console_ = document.getElementById("board") !== null;
  let missed = 0;

  async function renew() {
    // First what happened, then the list that follows from it.
    await keeper.upload();
    const said = await keeper.renew();
    missed = 0;
    return said;
  }

  async function keep() {
    const kept = await keeper.get("console-screens");
    if (kept?.shell === shell && Date.now() - kept.at < KEEP_AGAIN) return;
    await keeper.keep();
    await keeper.put("console-screens", { shell, at: Date.now() });
  }

  async function takeOver() {
    if (!(await keeper.ready()) || !(await caches.match(shell))) return false;
    location.assign(shell);
    return true;
  }

  globalThis.PrepazkaConsole = { takeOver };

  if (!keeper.possible()) return;
  let timer = 0;
  async function tick() {
    try {
      const said = await renew();
      if (said.refused) return clearInterval(timer); // no counter is open, or nobody is logged in
      await keep();
    } catch {
      missed += 1;
      if (missed > 1 && console_) takeOver().catch(() => {});
    }
  }
  tick();
  timer = setInterval(tick, EVERY);
})();
