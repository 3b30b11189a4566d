// A worker of the console's page: it renews the list of people whom the counter may call without
// the server, and sends what was done without it. Browsers slow down the timers of a page that is
// hidden or covered, but not those of its worker. The page is told of every answer.
"use strict";
const EVERY = 5000;
let keeper = null;
let page = "";
let asked = -EVERY;
let running = false;
let again = false;

async function renew() {
  if (running) { again = true; return; }
  running = true;
  asked = performance.now();
  try {
    // First what happened, then the list that follows from it.
    await keeper.upload();
    const { refused, silent } = await keeper.renew({ page });
    postMessage({ refused, silent });
  } catch {
    postMessage({ failed: true });
  } finally {
    running = false;
    if (again) { again = false; renew(); }
  }
}

self.addEventListener("message", ({ data }) => {
  if (data.store) {
    importScripts(data.store);
    keeper = PrepazkaOffline("console", data.url, []);
    setInterval(renew, EVERY);
  }
  if (data.page) page = data.page;
  // News of the live stream hurry a renewal only where the timer is late.
  if (!data.stream || performance.now() - asked > EVERY) renew();
});
