// A worker of the console's page: it renews the list of tickets that the counter may call off-line,
// and sends the off-line log. Browsers slow down timers of hidden or covered pages, but not those of
// their workers. The page gets every response.
import { offlineStore } from "../looks/offline/store.js";

const EVERY = 5000;
let keeper = null;
let page = "";
let lastRenewal = -EVERY;
let running = false;
let again = false;

async function renew() {
  if (running) { again = true; return; }
  running = true;
  lastRenewal = performance.now();
  try {
    // First the log, then a list that takes it into account.
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
  if (data.url) {
    keeper = offlineStore("console", data.url, []);
    setInterval(renew, EVERY);
  }
  if (data.page) page = data.page;
  // A message of the live stream triggers a renewal only if the timer is late.
  if (!data.stream || performance.now() - lastRenewal > EVERY) renew();
});
