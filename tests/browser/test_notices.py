"""A browser that was asked is nudged: what it shows then, as its own service worker does it.

The push service of the browser's maker is the one part that is played: it cannot be reached from here. What
it would give a page a script gives, and what it would bring the browser's own developer tools do.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import Look, opened
from tests.e2e.conftest import free_rows

pytestmark = pytest.mark.slow

ENDPOINT = "https://push.example/send/1"
SUBSCRIBED = f"""
const subscription = {{
  endpoint: {ENDPOINT!r},
  unsubscribe() {{ localStorage.removeItem("subscribed"); return Promise.resolve(true); }},
}};
PushManager.prototype.subscribe = function (options) {{
  if (options.applicationServerKey.length !== 65 || !options.userVisibleOnly) return Promise.reject();
  localStorage.setItem("subscribed", "yes");
  return Promise.resolve(subscription);
}};
PushManager.prototype.getSubscription = function () {{
  return Promise.resolve(localStorage.getItem("subscribed") ? subscription : null);
}};
"""
SHOWN = (
    "navigator.serviceWorker.ready.then(r => r.getNotifications()).then(n => n.map(o => [o.title, o.body]))"
)


@pytest.fixture
def at_home(chromium: Browser, tmp_path: Path) -> Iterator[tuple[BrowserContext, Page, str]]:
    """Ana, logged in by a link, in a browser that lets her node show notices."""
    port = next(free_rows())[0]
    base = f"http://ana.localhost:{port}"
    words = ["init", "--url", base, "--name", "ana", "--bind", f"127.0.0.1:{port}", "--cast-spread", "0"]
    words += ["--allow", f"ana.localhost:{port}", "--resolve", "ana.localhost=127.0.0.1"]
    command = [sys.executable, "-m", "node", "--data", str(tmp_path / "data")]
    subprocess.run([*command, *words], capture_output=True, timeout=120, check=True)
    with (
        subprocess.Popen([*command, "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
        opened(chromium, Look(360, "light"), permissions=["notifications"]) as context,
    ):
        try:
            assert process.stdout is not None
            process.stdout.readline()
            said = subprocess.run(
                [*command, "login-link"], capture_output=True, timeout=60, check=True
            ).stdout
            context.add_init_script(SUBSCRIBED)
            page = context.new_page()
            page.goto(next(word for word in said.decode().split() if word.startswith(base)))
            page.get_by_role("button", name="Log in", exact=True).click()
            page.wait_for_url(f"{base}/my**")
            yield context, page, base
        finally:
            process.kill()


def deliver(context: BrowserContext, page: Page, base: str) -> None:
    """An empty nudge, as the browser gets it from its push service."""
    wire = context.new_cdp_session(page)
    found: list[str] = []
    wire.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(one["registrationId"] for one in told["registrations"]),
    )
    wire.send("ServiceWorker.enable")
    page.wait_for_timeout(200)
    assert found
    wire.send("ServiceWorker.deliverPushMessage", {"origin": base, "registrationId": found[-1], "data": ""})


def shown(page: Page) -> list[list[str]]:
    """The notices that the browser shows, as soon as it shows any."""
    for _ in range(100):
        found: list[list[str]] = page.evaluate(SHOWN)
        if found:
            return found
        page.wait_for_timeout(100)
    return []


def test_browser_is_asked_nudged_and_let_go(at_home: tuple[BrowserContext, Page, str]) -> None:
    context, page, base = at_home
    page.goto(f"{base}/my/settings/notices")
    page.get_by_role("button", name="Tell this browser").click()
    expect(page.get_by_text("This browser will be told.")).to_be_visible()
    expect(page.get_by_text("this browser", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Tell this browser")).to_be_hidden()
    page.get_by_role("checkbox", name="Messages by push").check()
    page.get_by_role("button", name="Keep this choice").click()
    expect(page.get_by_role("checkbox", name="Messages by push")).to_be_checked()

    deliver(context, page, base)
    host = base.partition("://")[2]
    assert shown(page) == [[host, "Nothing new: it was read meanwhile."]]

    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("button", name="Tell this browser")).to_be_visible()
    assert page.evaluate("localStorage.getItem('subscribed')") is None  # the browser follows


def test_nudged_browser_that_is_logged_out_says_no_more_than_that(
    at_home: tuple[BrowserContext, Page, str],
) -> None:
    context, page, base = at_home
    page.goto(f"{base}/my/settings/notices")
    page.get_by_role("button", name="Tell this browser").click()
    expect(page.get_by_text("This browser will be told.")).to_be_visible()
    context.clear_cookies()
    deliver(context, page, base)
    assert [body for _, body in shown(page)] == ["There may be something new. Log in to see it."]


def test_nudged_browser_that_cannot_reach_its_node_still_says_something(
    at_home: tuple[BrowserContext, Page, str],
) -> None:
    context, page, base = at_home
    page.goto(f"{base}/my/settings/notices")
    page.get_by_role("button", name="Tell this browser").click()
    expect(page.get_by_text("This browser will be told.")).to_be_visible()
    context.route("**/my/notices/push", lambda route: route.abort())
    deliver(context, page, base)
    assert [body for _, body in shown(page)] == ["There may be something new."]
