// What can be seen of a page from inside. Evaluated by looking.py, which calls one of these by its name.
({
  // What stands beyond the right edge, unless something around it scrolls.
  overflowing() {
    const width = document.documentElement.clientWidth;
    const all = document.documentElement.scrollWidth;
    if (all <= width) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      if (element.getBoundingClientRect().right <= width + 1) return false;
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
        if (getComputedStyle(up).overflowX !== "visible") return false;
      }
      return true;
    });
    const words = wide.slice(0, 5).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    return [`${all} of ${width} pixels`, ...words];
  },

  async axe(tags) {
    const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return found.violations.flatMap((rule) =>
      rule.nodes.slice(0, 4).map((node) => {
        const why = (node.failureSummary || rule.help).replace(/\s+/g, " ");
        return `${rule.id}: ${node.target.join(" ")}: ${why}`;
      })
    );
  },

  // A name for each thing that Tab must come to. Of radio buttons of one name it comes to one.
  naming(element) {
    const tag = element.tagName.toLowerCase();
    if (element.matches("input[type=radio]")) {
      return `radio ${element.name} of form ${[...document.forms].indexOf(element.form)}`;
    }
    const words = element.innerText || element.name || element.id || "";
    return `${tag} ${[...document.querySelectorAll("*")].indexOf(element)} ${words.slice(0, 40)}`;
  },

  focusable() {
    const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const isThere = (element) =>
      !element.disabled &&
      element.getClientRects().length > 0 &&
      element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
    return [...document.querySelectorAll(kinds)].filter(isThere).map(this.naming);
  },

  // Let the next Tab come to the first thing of the page.
  begin() {
    const first = document.createElement("span");
    first.tabIndex = -1;
    document.body.prepend(first);
    first.focus();
    first.remove();
  },

  focused() {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const shown = element.closest(".choice") || element;
    const style = getComputedStyle(shown);
    const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const box = shown.getBoundingClientRect();
    const isWithin = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    // WCAG 2.4.11: whatever stays in its place when the page is scrolled must not hide all of it.
    const covers = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2]
      .map((y) => document.elementFromPoint((box.left + box.right) / 2, y))
      .filter((above) => above && !above.contains(shown) && !shown.contains(above));
    const isCovered = covers.length === 3 && covers.every((above) => above.closest("nav, header"));
    const faults = [
      isRinged ? "" : "no ring",
      isWithin ? "" : "out of sight",
      isCovered ? "hidden behind something" : "",
    ].filter(Boolean);
    return { name: this.naming(element), faults };
  },
})
