"""Taking a vendor off the list and adding it again, as a person does: with a script, and without one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import Look, log_in, opened
from tests.browser.pages import the_vendor
from tests.browser.story import PASSWORD, Told

pytestmark = [pytest.mark.slow, pytest.mark.processes]

NAME = "South Wheels and Toys"


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "plain"])
def test_vendor_is_taken_off_looked_up_and_added_again(
    has_script: bool, chromium: Browser, told: Told
) -> None:
    with opened(chromium, Look(360, "light", has_script)) as context:
        page, base = context.new_page(), told["ana"].url
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        log_in(page, base, "ana", PASSWORD)
        page.goto(base + the_vendor(told))
        page.get_by_role("link", name="Take it off the list").click()
        page.get_by_role("button", name=f"Take {NAME} off").click()
        expect(page.get_by_text(f"{NAME} is no longer among your vendors.")).to_be_visible()

        page.get_by_role("link", name="Add a vendor").first.click()
        page.get_by_label("Handle or link").fill("@nobody@nowhere.localhost")
        page.get_by_role("button", name="Look up").click()
        expect(page.get_by_label("Handle or link")).to_have_value("@nobody@nowhere.localhost")
        expect(page.locator("#who-error")).to_be_visible()
        page.get_by_label("Handle or link").fill(f"@south@{told['south'].host}")
        page.get_by_role("button", name="Look up").click()
        expect(page.get_by_role("heading", name=NAME)).to_be_visible()
        expect(page.get_by_text("Its own server names it")).to_be_visible()
        page.reload()  # the address is that of what is shown
        page.get_by_role("button", name=f"Add {NAME}").click()
        expect(page.get_by_text(f"{NAME} is among your vendors now.")).to_be_visible()
        assert page.url == base + the_vendor(told)
        assert [words for words in said if "status of 422" not in words] == []
