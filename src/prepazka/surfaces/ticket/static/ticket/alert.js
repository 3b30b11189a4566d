// Offers turn alerts by web push, where the browser supports it. The form sends the subscription.
const form = document.querySelector("[data-push]");

function offer() {
  const failed = form.querySelector("[data-push-failed]");
  form.hidden = false;

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  }

  async function subscribe() {
    if ((await Notification.requestPermission()) !== "granted") throw new Error("not allowed");
    const worker = await navigator.serviceWorker.register("/t/upozorneni.js", { scope: "/t/" });
    const wanted = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) };
    // A subscription made for other keys, such as before a database was restored, cannot be used.
    const old = await worker.pushManager.getSubscription();
    const key = old?.options.applicationServerKey;
    if (key && btoa(String.fromCharCode(...new Uint8Array(key))) !== btoa(atob(form.dataset.push.replace(/-/g, "+").replace(/_/g, "/")))) {
      await old.unsubscribe();
    }
    return worker.pushManager.subscribe(wanted);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const subscription = (await subscribe()).toJSON();
      form.elements.endpoint.value = subscription.endpoint;
      form.elements.p256dh.value = subscription.keys.p256dh;
      form.elements.auth.value = subscription.keys.auth;
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}

if (form && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) offer();
