"""The page of a look from outside in a real browser: it fills by itself, and is sound once it is full."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import Look, Seen, faults_of, log_in_by_link, opened
from tests.browser.story import Told

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def test_look_from_outside_fills_its_page_and_is_sound(chromium: Browser, told: Told, axe: str) -> None:
    ana = told["ana"]
    page_of = f"{ana.url}/my/doctor"
    with opened(chromium, Look(1280, "light")) as context:
        page = context.new_page()
        log_in_by_link(page, told.ask("ana", "login.link")["url"])
        page.goto(page_of)
        page.get_by_role("button", name="Look", exact=True).click()
        page.get_by_role("heading", name="All is well").wait_for(timeout=60_000)  # nobody loads it anew
        assert page.get_by_text("A signed message comes as it was sent.").count() == 1
        state = context.storage_state()
    for look in (Look(360, "dark"), Look(1280, "light"), Look(360, "light", has_script=False)):
        with opened(chromium, look, storage_state=state) as context:
            seen = Seen(context.new_page(), page_of).visit()
            assert seen.status == 200
            assert faults_of(seen, look, ana.url, axe) == []
