"""Somebody at a browser: what people do on pages, by the words that stand there, and what their browser saw.

Every step goes by what is written on the page, as a reader would: the name of a button, the label of a field.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from federation.messages import JsonObject
from tests.browser.looking import WAIT_MS, Look, Seen, faults_of, opened

__all__ = ["Person", "at_a_browser"]

LOOK_AGAIN_MS = 300


@dataclass
class Person:
    """One person with one browser, and one page of it open. With `axe` the pages on the way are inspected."""

    page: Page
    url: str
    look: Look
    axe: str = ""
    said: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Bear witness to what the browser is told and asks for."""
        context = self.page.context
        context.on("console", self._note_words)
        context.on("request", self._note_request)
        context.on("weberror", lambda error: self.said.append(str(error.error)))

    def _note_words(self, message: ConsoleMessage) -> None:
        # A form that is refused is told by the browser as a failure to load its page.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.said.append(f"{message.type}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(self.url + "/"):
            self.elsewhere.append(request.url)

    # --- going about --------------------------------------------------------------------------------------

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.url).partition("#")[0]

    def press(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Use the button of this name, and wait for where it leads."""
        self._use((within or self.main).get_by_role("button", name=name, exact=isinstance(name, str)))

    def follow(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Use the first link of this name."""
        self._use((within or self.main).get_by_role("link", name=name, exact=isinstance(name, str)).first)

    def menu(self, name: str) -> None:
        """Go by the navigation; what is not in sight stands under "More"."""
        rail = self.page.locator("header.rail")
        link = rail.get_by_role("link", name=re.compile(rf"^{name}\b"), include_hidden=True).first
        if not link.is_visible():
            rail.locator("summary").click()
        self._use(link)

    def _use(self, what: Locator) -> None:
        """Nothing is done on the old page while the new one is on its way."""
        with self.page.expect_navigation(wait_until="load"):
            what.click()

    # --- filling in ---------------------------------------------------------------------------------------

    def field(self, label: str, within: Locator | None = None) -> Locator:
        """What stands behind this label, which may say that it is optional."""
        whole = re.compile(rf"^\s*{re.escape(label)}\s*(optional\s*)?$")
        return (within or self.main).get_by_label(whole)

    def write(self, label: str, words: str, within: Locator | None = None) -> None:
        self.field(label, within).fill(words)

    def choose(self, label: str, option: str, within: Locator | None = None) -> None:
        self.field(label, within).select_option(label=option)

    def pick(self, *names: str) -> None:
        """Radio buttons and boxes by the words beside them."""
        for name in names:
            beginning = re.compile(r"\s*" + re.escape(name))
            radio = self.page.get_by_role("radio", name=beginning)
            box = self.page.get_by_role("checkbox", name=beginning)
            radio.or_(box).first.check()

    # --- reading ------------------------------------------------------------------------------------------

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def reads(self, words: str | re.Pattern[str]) -> None:
        """The page that is open says so."""
        expect(self.main.get_by_text(words).first).to_be_visible()

    def reads_nowhere(self, words: str) -> None:
        assert words not in self.page.content(), (self.page.url, words)

    def comes(self, words: str | re.Pattern[str]) -> None:
        """What somebody else has done appears by itself; without scripts, when the page is loaded again."""
        if self.look.has_script:
            expect(self.main.get_by_text(words).first).to_be_visible(timeout=WAIT_MS)
        else:
            self.finds(words)

    def finds(self, words: str | re.Pattern[str]) -> None:
        """What somebody else has done is there once the page is loaded again."""
        there = self.main.get_by_text(words).first
        deadline = time.monotonic() + WAIT_MS / 1000
        while not there.is_visible():
            assert time.monotonic() < deadline, (words, self.main.inner_text())
            self.page.reload()
            self.page.wait_for_timeout(LOOK_AGAIN_MS)

    def keeps(self, name: str) -> JsonObject:
        """The JSON file that a link or button of this name hands out."""
        with self.page.expect_download() as download:
            self.main.get_by_role("link", name=name).click()
        found: JsonObject = json.loads(Path(download.value.path()).read_bytes())
        return found

    # --- what must hold of every page ---------------------------------------------------------------------

    def looks(self) -> None:
        """The page that is open, which only a story comes to, is sound: width, names, contrast, keys."""
        if not self.axe:
            return
        seen = Seen(self.page, self.page.url)
        noted = list(self.said)
        found = faults_of(seen, self.look, self.url, self.axe)
        assert found == [], self.page.url
        self.said[:] = noted  # what looking at it made the browser say

    def saw_nothing_strange(self) -> None:
        assert self.said == []
        assert self.elsewhere == []


@contextmanager
def at_a_browser(browser: Browser, look: Look, url: str, axe: str = "") -> Iterator[Person]:
    """A person who was never here before, and whose browser saw nothing strange until the end."""
    with opened(browser, look, accept_downloads=True) as context:
        person = Person(context.new_page(), url, look, axe)
        person.watch()
        yield person
        person.saw_nothing_strange()
