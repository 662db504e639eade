// Lets this browser be nudged. The form [data-push] has the node's key in data-key, and data-known names the
// browsers that are told already; without a script, or without push, it stays hidden and says so.
"use strict";

function keyBytes(text) {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

async function nameOf(endpoint) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 32);
}

function say(form, name) {
  for (const one of form.querySelectorAll("[data-push-says]")) one.hidden = one.dataset.pushSays !== name;
}

async function subscribe(form) {
  if (await Notification.requestPermission() !== "granted") return say(form, "denied");
  try {
    await navigator.serviceWorker.register("/my/worker.js");
    const ready = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: keyBytes(form.dataset.key) };
    const made = await ready.pushManager.subscribe(options);
    form.elements.endpoint.value = made.endpoint;
    form.submit();
  } catch (error) {
    say(form, "failed");
  }
  return undefined;
}

async function begin(form) {
  const known = form.dataset.known.split(" ");
  const there = await navigator.serviceWorker.getRegistration("/my/worker.js");
  const made = there ? await there.pushManager.getSubscription() : null;
  const name = made ? await nameOf(made.endpoint) : "";
  const line = name ? document.getElementById(`browser-${name}`) : null;
  if (line) {
    line.querySelector("[data-this]").hidden = false;
    form.hidden = true;
    return;
  }
  if (made && !known.includes(name)) await made.unsubscribe(); // ended in the list: this browser follows
  say(form, Notification.permission === "denied" ? "denied" : "ready");
  form.querySelector("[data-push-go]").addEventListener("click", () => subscribe(form));
}

for (const form of document.querySelectorAll("form[data-push]")) {
  form.hidden = false;
  const can = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && isSecureContext;
  if (can) begin(form).catch(() => say(form, "failed"));
  else say(form, "none");
}
