// What is better with a script. Every page works without: nothing here is the only way to do a thing.
"use strict";

document.documentElement.classList.add("has-script");

// A count-down: <time data-until="2026-11-22T10:00:00Z" data-words="{n} left" data-over="sent">.
function tick() {
  for (const clock of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((Date.parse(clock.dataset.until) - Date.now()) / 1000);
    const words = left > 0 ? clock.dataset.words.replace("{n}", spell(left)) : clock.dataset.over;
    if (words && clock.textContent !== words) clock.textContent = words;
    clock.classList.toggle("soon", left > 0 && left <= Number(clock.dataset.soon || 0));
    if (left <= 0 && clock.dataset.then && !clock.dataset.gone) {
      clock.dataset.gone = "yes";
      location.assign(clock.dataset.then);
    }
  }
}

// Whole days or hours where nobody counts seconds, then a clock.
function spell(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  if (hours >= 72) return many(Math.floor(hours / 24), "day");
  if (hours >= 24) return many(hours, "hour");
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return seconds >= 60 ? `${minutes}:${two(seconds % 60)}` : many(seconds, "second");
}

function many(number, unit) {
  const how = { style: "unit", unit, unitDisplay: "long" };
  return new Intl.NumberFormat(document.documentElement.lang || "en", how).format(number);
}

setInterval(tick, 1000);
document.addEventListener("DOMContentLoaded", tick);

// A stream ends now and then, and the browser comes again by itself: that is no error to be told of.
document.addEventListener("DOMContentLoaded", () => {
  if (!window.htmx) return;
  htmx.createEventSource = (url) => {
    const source = new EventSource(url);
    source.addEventListener("error", (event) => {
      if (source.readyState === EventSource.CONNECTING) event.stopImmediatePropagation();
    });
    return source;
  };
});

// A second tap sends nothing twice; the page that comes back frees the button again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.hasAttribute("aria-busy")) {
    event.preventDefault();
    return;
  }
  form.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});

document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = document.getElementById(copy.dataset.copy).textContent;
    navigator.clipboard.writeText(text.trim()).then(() => {
      const said = copy.querySelector("[role=status]") || copy;
      said.textContent = copy.dataset.done;
    });
  }
  if (event.target.closest("[data-print]")) window.print();
  // A click beside the open menu closes it.
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
