"""A person's first run and her log-ins in a real browser, by the printed link, by a passkey."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import Look, opened
from tests.e2e.conftest import free_rows

PHONE, NOTEBOOK = Look(360, "light"), Look(1280, "dark")


@contextmanager
def a_new_node(data: Path, port: int) -> Iterator[tuple[str, str]]:
    """A node without an account, served: its address, and the link that its start prints."""
    base = f"http://ana.localhost:{port}"
    words = ["init", "--url", base, "--bind", f"127.0.0.1:{port}", "--cast-spread", "0"]
    words += ["--allow", f"ana.localhost:{port}", "--resolve", "ana.localhost=127.0.0.1"]
    command = [sys.executable, "-m", "node", "--data", str(data)]
    subprocess.run([*command, *words], capture_output=True, timeout=120, check=True)
    with subprocess.Popen([*command, "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline().decode().strip() for _ in range(3)]
            assert said[2].startswith(f"{base}/setup?token="), said
            yield base, said[2]
        finally:
            process.kill()


def check(page: Page, axe: str, pictures: Path, said: list[str]) -> None:
    """Nothing said, no violation, nothing wider than the screen; and a picture."""
    assert said == []
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))")
    assert found == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    name = page.url.partition("://")[2].partition("/")[2].partition("?")[0].replace("/", "-") or "front"
    page.screenshot(path=pictures / f"{name}-{page.viewport_size['width']}.png", full_page=True)  # type: ignore[index]
    page.wait_for_timeout(50)
    said.clear()  # what looking at it made the browser say


def with_a_passkey_device(page: Page) -> None:
    """A device that keeps passkeys and whose owner is there."""
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.parametrize("look", [PHONE, NOTEBOOK], ids=["phone", "notebook"])
def test_person_sets_her_node_up_with_a_passkey_and_logs_in_by_it(
    chromium: Browser, axe: str, tmp_path: Path, look: Look
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with (
        a_new_node(tmp_path / "data", next(free_rows())[0]) as (base, link),
        opened(chromium, look) as context,
    ):
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        with_a_passkey_device(page)

        page.goto(link)
        check(page, axe, pictures, said)
        page.get_by_text("A new node for a person").click()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("Everything is well.")).to_be_visible(timeout=30_000)
        check(page, axe, pictures, said)
        page.get_by_role("button", name="Yes, this stays my address").click()
        check(page, axe, pictures, said)
        page.get_by_role("button", name="Make a passkey").click()
        page.get_by_label("Handle").fill("ana")
        page.get_by_label("Name", exact=True).fill("Ana Ñandú")
        check(page, axe, pictures, said)
        page.get_by_role("button", name="Go on").click()
        check(page, axe, pictures, said)
        page.get_by_text("Only to make me an offer").click()
        page.get_by_role("button", name="Go on").click()
        check(page, axe, pictures, said)
        code = page.locator("strong code").inner_text()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the sealed file").click()
        assert download.value.suggested_filename.endswith(".obverse")
        page.get_by_label("The last five letters of the code").fill(code[-5:])
        page.get_by_role("button", name="I have both").click()
        page.wait_for_url(f"{base}/my")

        page.goto(f"{base}/my/security")
        check(page, axe, pictures, said)
        context.clear_cookies()
        page.goto(f"{base}/my/security")
        assert page.url.startswith(f"{base}/login?next=")
        check(page, axe, pictures, said)
        page.get_by_role("button", name="Log in with a passkey").click()
        page.wait_for_url(f"{base}/my/security")
        assert said == []
