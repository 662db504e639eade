"""Every page, at the size of a phone and of a desk, light and dark, with a script and without."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import LOOKS, Look, Seen, faults_of, log_in, log_in_by_link, opened
from tests.browser.pages import PAGES, Shown
from tests.browser.story import PASSWORD, Told

pytestmark = [pytest.mark.slow, pytest.mark.processes]

Kept = dict[str, dict[str, object]]
FRESH_S = 200.0
"""So long a log-in is good for what binds: for five minutes, as the pages count, less the time of a test."""


@pytest.fixture(scope="session")
def kept(chromium: Browser, told: Told) -> Kept:
    """The cookies of each viewer, logged in by the form and without a script."""
    states: Kept = {"": {}}
    for name in told.players:
        with opened(chromium, Look(1280, "light", has_script=False)) as context:
            log_in(context.new_page(), told[name].url, name, PASSWORD)
            states[name] = {"storage_state": context.storage_state()}
    return states


@pytest.fixture(scope="session")
def confirmed(chromium: Browser, told: Told) -> Callable[[str], dict[str, object]]:
    """The cookies of a viewer who logged in just now; by a link, and seldom enough to be no guesser."""
    states: dict[str, tuple[float, dict[str, object]]] = {}

    def state_of(name: str) -> dict[str, object]:
        if name not in states or time.monotonic() - states[name][0] > FRESH_S:
            with opened(chromium, Look(1280, "light", has_script=False)) as context:
                log_in_by_link(context.new_page(), told.ask(name, "login.link")["url"])
                states[name] = time.monotonic(), {"storage_state": context.storage_state()}
        return states[name][1]

    return state_of


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)
def test_page_is_sound(
    shown: Shown,
    look: Look,
    chromium: Browser,
    told: Told,
    kept: Kept,
    confirmed: Callable[[str], dict[str, object]],
    axe: str,
) -> None:
    state = confirmed(shown.viewer) if shown.is_binding else kept[shown.viewer]
    with opened(chromium, look, **state) as context:
        seen = Seen(context.new_page(), shown.address(told)).visit()
        assert seen.status == shown.status
        assert faults_of(seen, look, told[shown.node].url, axe) == []


def test_every_page_has_a_name_of_its_own() -> None:
    names = [shown.name for shown in PAGES]
    assert len(names) == len(set(names))
