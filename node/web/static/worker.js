// Run by the browser when the node nudges it. The nudge is empty: what to say is asked of the node, with the
// browser's own cookie. OFFLINE, written above by the server, is for when the node is out of reach.
"use strict";

async function asked() {
  try {
    const answer = await fetch("/my/notices/push", { credentials: "same-origin", cache: "no-store" });
    if (answer.ok) return await answer.json();
  } catch (error) {
    // Out of reach: a browser must show something for each nudge, or it is not told again.
  }
  return OFFLINE;
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  event.waitUntil(asked().then((said) => self.registration.showNotification(said.title, {
    body: said.body, tag: "obverse", data: { page: said.page },
  })));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const page = new URL(event.notification.data.page, self.location.origin).href;
  event.waitUntil(self.clients.matchAll({ type: "window" }).then((open) => {
    const there = open.find((one) => new URL(one.url).pathname.startsWith("/my"));
    return there ? there.navigate(page).then((one) => one && one.focus()) : self.clients.openWindow(page);
  }));
});
