// Shows turn alerts and opens the ticket's page. It handles no requests and caches nothing; off-line
// work is done by another worker (looks/offline).
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  const said = event.data?.json() ?? {};
  if (!said.title) return;
  event.waitUntil(
    self.registration.showNotification(said.title, {
      body: said.body,
      lang: said.language,
      tag: said.tag, // the notice of the call replaces the earlier one,
      renotify: true, // but not silently
      requireInteraction: true,
      vibrate: [300, 150, 300],
      data: { url: said.url },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data?.url;
  if (!url || new URL(url).origin !== self.location.origin) return;
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const page = open.find((one) => one.url === url);
      return page ? page.focus() : self.clients.openWindow(url);
    })(),
  );
});
