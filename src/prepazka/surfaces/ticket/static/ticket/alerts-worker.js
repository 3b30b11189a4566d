// Shows turn alerts and opens the ticket's page. It handles no requests and caches nothing; off-line
// work is done by another worker (looks/offline).
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  const message = event.data?.json() ?? {};
  if (!message.title) return;
  event.waitUntil(
    self.registration.showNotification(message.title, {
      body: message.body,
      lang: message.language,
      tag: message.tag, // the notice of the call replaces the earlier one,
      renotify: true, // but not silently
      requireInteraction: true,
      vibrate: [300, 150, 300],
      data: { url: message.url },
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
      const page = open.find((client) => client.url === url);
      return page ? page.focus() : self.clients.openWindow(url);
    })(),
  );
});
