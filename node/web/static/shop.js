// The inbox by keys: j and k go down and up, r reads, a makes an offer, x chooses. All of it works by links too.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) {
    if (!(event.key === "x" && event.target.type === "checkbox")) return;
  }
  const rows = [...document.querySelectorAll("[data-keys] > li")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[Math.max(at, 0)];
  const go = (to) => rows[Math.min(Math.max(to, 0), rows.length - 1)].querySelector("[data-read]").focus();
  if (event.key === "j") go(at + 1);
  else if (event.key === "k") go(at < 0 ? 0 : at - 1);
  else if (event.key === "r") row.querySelector("[data-read]").click();
  else if (event.key === "a") row.querySelector("[data-answer]")?.click();
  else if (event.key === "x") {
    const tick = row.querySelector("input[type=checkbox]");
    if (tick) tick.checked = !tick.checked;
  } else return;
  event.preventDefault();
});

// New intents come in by themselves, but never while some are chosen; and whoever reads keeps their place.
document.addEventListener("htmx:beforeSwap", (event) => {
  const inbox = event.detail.target;
  if (inbox.id !== "inbox") return;
  if (inbox.querySelector(":checked")) event.detail.shouldSwap = false;
  inbox.dataset.at = inbox.contains(document.activeElement) ? document.activeElement.getAttribute("href") || "" : "";
});
document.addEventListener("htmx:afterSwap", (event) => {
  const inbox = event.detail.target;
  if (inbox.id !== "inbox" || !inbox.dataset.at) return;
  [...inbox.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === inbox.dataset.at)?.focus();
});
