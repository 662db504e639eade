"""A page as a browser sees it, and what must hold of every one, whoever it is shown to.

`Seen` opens a page and bears witness to what happens on the way; `faults_of` lists what is wrong, in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Request

from tests.needs import need

__all__ = [
    "AXE",
    "LOOKS",
    "MOST_BYTES",
    "Look",
    "Seen",
    "axe_source",
    "faults_of",
    "log_in",
    "log_in_by_link",
    "opened",
]

ROOT = Path(__file__).parents[2]
AXE = ROOT / "build" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
Scheme = Literal["light", "dark"]
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
MOST_BYTES = 100_000
"""What a first visit may take over the wire, everything that a page loads included."""
MOST_TABS = 600
FROM_INSIDE = (Path(__file__).with_name("faults.js")).read_text(encoding="utf-8")
WAIT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at. Units: CSS pixels."""

    width: int
    scheme: Scheme
    has_script: bool = True

    @property
    def height(self) -> int:
        return 740 if self.width < 600 else 860

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}{'' if self.has_script else '-plain'}"


SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LOOKS: tuple[Look, ...] = (
    *(Look(width, scheme) for width in (360, 1280) for scheme in SCHEMES),
    *(Look(width, "light", has_script=False) for width in (360, 1280)),
)


def axe_source() -> str:
    """The source of axe-core; ends the test where it is not installed."""
    need(AXE.is_file(), "axe-core (make browser)")
    return AXE.read_text(encoding="utf-8")


@contextmanager
def opened(browser: Browser, look: Look, **more: Any) -> Iterator[BrowserContext]:
    """A browser that was never here before and looks at pages in this way."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,
        java_script_enabled=look.has_script,
        reduced_motion="reduce",
        locale="en-GB",
        **more,
    )
    context.set_default_timeout(WAIT_MS)
    try:
        yield context
    finally:
        context.close()


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Log in as anybody does: by the form."""
    page.goto(f"{url}/login")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{url}/my**")


def log_in_by_link(page: Page, link: str) -> None:
    """Log in by a one-time link: nobody is taken for somebody who guesses, however often."""
    page.goto(link)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/my/security")


@dataclass
class Seen:
    """One page, opened, with what was asked for and said on the way."""

    page: Page
    url: str
    status: int = 0
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    transferred: int = 0
    _wire: CDPSession | None = None

    def visit(self) -> Seen:
        """Open it, and wait until all of it is there."""
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_words)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self._wire = self.page.context.new_cdp_session(self.page)
        self._wire.send("Network.enable")
        self._wire.on("Network.loadingFinished", self._note_bytes)
        answer = self.page.goto(self.url, wait_until="load")
        assert answer is not None
        self.status = answer.status
        self.page.wait_for_timeout(50)  # what the wire still has to tell of what is already loaded
        return self

    def _note_request(self, request: Request) -> None:
        self.asked.append(request.url)

    def _note_words(self, message: ConsoleMessage) -> None:
        # A page that is meant to be missing is told by the browser as a failure to load it.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.said.append(f"{message.type}: {message.text}")

    def _note_bytes(self, event: dict[str, Any]) -> None:
        self.transferred += int(event["encodedDataLength"])


def faults_of(seen: Seen, look: Look, origin: str, axe: str) -> list[str]:
    """Everything that is wrong with a page that was just opened by a browser for the first time."""
    page = seen.page
    found = [f"console: {words}" for words in seen.said]
    found += [f"asks elsewhere: {url}" for url in seen.asked if not url.startswith(origin + "/")]
    if seen.transferred > MOST_BYTES:
        found.append(f"{seen.transferred:,} bytes on first visit")
    if len(page.title()) < 3:
        found.append(f"title {page.title()!r}")
    found += [f"wider than the screen: {words}" for words in _inside(page, "overflowing")]
    if look.has_script:
        page.evaluate(axe)
        found += [f"axe: {words}" for words in _inside(page, "axe", list(RULES))]
        found += keyboard_faults(page)
    return found


def keyboard_faults(page: Page) -> list[str]:
    """What cannot be reached by Tab, or not be seen when it is."""
    wanted = set(_inside(page, "focusable"))
    reached: set[str] = set()
    found, last = [], ""
    _inside(page, "begin")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        now = _inside(page, "focused")
        if now is not None and now["name"] == last:
            continue  # from the day to the month of one date
        if now is None or now["name"] in reached:
            break
        last = now["name"]
        reached.add(now["name"])
        found += [f"focus, {fault}: {now['name']}" for fault in now["faults"]]
    return found + [f"not reached by Tab: {name}" for name in sorted(wanted - reached)]


def _inside(page: Page, name: str, argument: object = None) -> Any:
    """Call one of the functions of faults.js."""
    return page.evaluate(f"(argument) => ({FROM_INSIDE.strip()}).{name}(argument)", argument)
