"""Every page, at the size of a phone and of a desk, light and dark, with a script and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import LOOKS, Look, Seen, faults_of, log_in, log_in_by_link, opened
from tests.browser.pages import PAGES, Shown
from tests.browser.story import PASSWORD, Told

pytestmark = [pytest.mark.slow, pytest.mark.processes]

Kept = dict[str, dict[str, object]]


@pytest.fixture(scope="session")
def kept(chromium: Browser, told: Told) -> Kept:
    """The cookies of each viewer, logged in by the form and without a script."""
    states: Kept = {"": {}}
    for name in told.players:
        with opened(chromium, Look(1280, "light", has_script=False)) as context:
            log_in(context.new_page(), told[name].url, name, PASSWORD)
            states[name] = {"storage_state": context.storage_state()}
    return states


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)
def test_page_is_sound(shown: Shown, look: Look, chromium: Browser, told: Told, kept: Kept, axe: str) -> None:
    with opened(chromium, look, **kept[shown.viewer]) as context:
        page = context.new_page()
        if shown.is_binding:
            log_in_by_link(page, told.ask(shown.viewer, "login.link")["url"])
        seen = Seen(page, shown.address(told)).visit()
        assert seen.status == shown.status
        assert faults_of(seen, look, told[shown.node].url, axe) == []


def test_every_page_has_a_name_of_its_own() -> None:
    names = [shown.name for shown in PAGES]
    assert len(names) == len(set(names))
