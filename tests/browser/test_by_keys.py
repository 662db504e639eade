"""By keys alone: from a wish to an agreement, always in sight of where one is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.looking import FROM_INSIDE, Look
from tests.browser.people import Person, at_a_browser
from tests.browser.street import Pair

pytestmark = [pytest.mark.slow, pytest.mark.processes]

MOST_TABS = 80
DESK = Look(1280, "light")


@dataclass
class Keys:
    """Somebody without a mouse. Every stop on the way is seen, and comes after the one before."""

    person: Person

    def begin(self) -> None:
        """Past the navigation, by the link that is there for it."""
        skip = self.person.page.get_by_role("link", name="Skip to the content")
        self.person.page.keyboard.press("Tab")
        expect(skip).to_be_focused()
        assert self._stop()["faults"] == []
        self.person.page.keyboard.press("Enter")
        expect(self.person.main).to_be_focused()

    def reach(self, what: Locator) -> None:
        """By Tab alone, without turning back."""
        place, last = -1, ""
        for _ in range(MOST_TABS):
            self.person.page.keyboard.press("Tab")
            stop = self._stop()
            if stop["name"] == last:
                continue  # from the day to the month of one date
            last = stop["name"]
            assert stop["faults"] == [], stop
            found = re.match(r"\w+ (\d+) ", stop["name"])
            if found is not None:  # of radio buttons Tab comes to the one that is chosen
                assert int(found[1]) >= place, f"{stop['name']} comes after what stands behind it"
                place = int(found[1])
            if what.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"not reached by Tab: {what}")

    def _stop(self) -> dict[str, Any]:
        stop = self.person.page.evaluate(f"() => ({FROM_INSIDE.strip()}).focused()")
        assert stop is not None, "Tab has left the page"
        found: dict[str, Any] = stop
        return found

    def write(self, label: str, words: str) -> None:
        self.reach(self.person.field(label))
        self.person.page.keyboard.type(words)

    def tick(self, name: str) -> None:
        """A box, or the first of some radio buttons."""
        beginning = re.compile(r"\s*" + re.escape(name))
        box = self.person.main.get_by_role("checkbox", name=beginning)
        box = box.or_(self.person.main.get_by_role("radio", name=beginning)).first
        self.reach(box)
        self.person.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def enter(self, name: str, role: Any = "button") -> None:
        """Reach what is called so and press Enter on it; the next page begins behind its navigation.

        One that is opened at a place of it begins there.
        """
        self.reach(self.person.main.get_by_role(role, name=name, exact=True).first)
        with self.person.page.expect_navigation(wait_until="load"):
            self.person.page.keyboard.press("Enter")
        if "#" not in self.person.page.url:
            self.begin()


@pytest.fixture
def keys(chromium: Browser, pair: Pair) -> Any:
    with at_a_browser(chromium, DESK, pair.ana.url) as ana:
        ana.page.goto(pair.ana.ask("login.link")["url"])
        ana.press("Log in")
        ana.go("/my")
        keys = Keys(ana)
        keys.begin()
        yield keys


def test_intent_is_said_and_sent_by_keys_alone(keys: Keys, pair: Pair) -> None:
    before = pair.waiting()
    keys.enter("Say what you want", "link")
    keys.tick("A thing")
    keys.enter("Begin")
    keys.write("In a few words", "A bicycle by keys")
    keys.write("Category", "Bicycle")
    keys.enter("Save and go on")
    keys.write("Wish", "Fits a child of 115 cm")
    keys.tick("Must have")
    keys.enter("Add this wish")
    keys.person.reads("Your wishes so far")
    keys.enter("Go on")
    keys.write("Budget", "300")
    keys.enter("Save and go on")
    keys.tick("South Wheels")
    keys.enter("Save and go on")
    keys.tick("A new name for each vendor")
    keys.enter("Save and go on")
    keys.enter("Send to 1 vendor")
    keys.person.reads("Nothing has left yet.")
    keys.enter("Send now")
    keys.person.reads("It is on its way.")
    keys.person.comes("asked")
    assert len(pair.waiting()) == len(before) + 1


def test_offer_is_accepted_by_keys_alone(keys: Keys, pair: Pair) -> None:
    deal = pair.want("A bicycle to accept by keys")
    pair.offer(deal, "241.00")
    ana = keys.person
    ana.go("/my")
    keys.begin()
    keys.enter("A bicycle to accept by keys", "link")
    keys.enter("See 1 offer", "link")
    keys.enter("Look at it", "link")
    keys.enter("Accept …", "link")
    keys.enter("Accept for €241.00")
    expect(ana.page).to_have_url(re.compile("/agreement#main$"))
    ana.comes("Agreed: both have signed")
    assert pair.said(deal, "accept") == 1
