// Serves cached screens of kiosk and console while the server cannot be reached. Pages fill the cache
// themselves (store.js); this worker only reads it.
"use strict";
const KEPT = "prepazka-offline";
const TIMEOUT = 8000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  // Requests that a page sends as it closes must not wait for this worker, or they would be lost.
  event.addRoutes?.({ condition: { requestMethod: "POST" }, source: "network" });
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    const shell = shellOf(url.pathname);
    if (shell) event.respondWith(page(event.request, shell));
  } else if (/^\/(static|znak)\//.test(url.pathname)) {
    event.respondWith(asset(event.request));
  }
});

function shellOf(path) {
  const found = path.match(/^((?:\/en)?)\/(?:(kiosk)|pult\/([-\w]+))(?:\/|$)/);
  if (!found) return null;
  return found[2] ? `${found[1]}/kiosk/bez-site/` : `${found[1]}/pult/${found[3]}/bez-site/`;
}

async function page(request, shell) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(TIMEOUT) });
    if (answer.status < 500) return answer;
    return (await caches.match(shell, { cacheName: KEPT })) || answer;
  } catch (error) {
    const kept = await caches.match(shell, { cacheName: KEPT });
    if (kept) return kept;
    throw error;
  }
}

// Styles, scripts and the office's crest are the same in every language.
async function asset(request) {
  return (await caches.match(request, { cacheName: KEPT, ignoreVary: true })) || fetch(request);
}
