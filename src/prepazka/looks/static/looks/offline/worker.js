// Serves cached screens of kiosk and console while the server cannot be reached. Pages fill the cache
// themselves (store.js); this worker only reads it.
"use strict";
const CACHE = "prepazka-offline";
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
  const match = path.match(/^((?:\/[a-z]{2,3})?)\/(?:(kiosk)|pult\/([-\w]+))(?:\/|$)/);
  if (!match) return null;
  return match[2] ? `${match[1]}/kiosk/bez-site/` : `${match[1]}/pult/${match[3]}/bez-site/`;
}

async function page(request, shell) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(TIMEOUT) });
    if (answer.status < 500) return answer;
    return (await caches.match(shell, { cacheName: CACHE })) || answer;
  } catch (error) {
    const cached = await caches.match(shell, { cacheName: CACHE });
    if (cached) return cached;
    throw error;
  }
}

// Styles, scripts and the office's crest are the same in every language.
async function asset(request) {
  return (await caches.match(request, { cacheName: CACHE, ignoreVary: true })) || fetch(request);
}
