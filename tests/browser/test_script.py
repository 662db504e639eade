"""What our own script adds to a page that works without it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from node.web.formats import stamp
from node.web.static import STATIC_DIR
from tests.browser.looking import Look, opened

pytestmark = pytest.mark.slow

ORIGIN = "http://ours.localhost"
SCRIPT = (STATIC_DIR / "obverse.js").read_text(encoding="utf-8")
SHEETS = "".join(f'<link rel="stylesheet" href="/static/{name}">' for name in ("tokens.css", "obverse.css"))


@dataclass
class Shown:
    """A page with our script, and the paths to which a form was sent."""

    page: Page
    sent: list[str] = field(default_factory=list)

    def show(self, body: str) -> Page:
        self.page.context.route("**/*", self.answer(body))
        self.page.goto(f"{ORIGIN}/")
        return self.page

    def answer(self, body: str) -> Callable[[Route], None]:
        html = f"<!doctype html><title>t</title>{SHEETS}<script src=/obverse.js></script><main>{body}</main>"

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(ORIGIN)
            if path.startswith("/static/"):
                route.fulfill(path=STATIC_DIR / path.removeprefix("/static/"))
            elif path == "/obverse.js":
                route.fulfill(body=SCRIPT, content_type="text/javascript")
            elif route.request.method == "POST":
                self.sent.append(path)
                time.sleep(0.3)  # as long as a second tap may take
                route.fulfill(body="<h1>Done</h1>", content_type="text/html")
            else:
                text = html if path == "/" else "<h1>Next</h1>"
                route.fulfill(body=text, content_type="text/html; charset=utf-8")

        return answer


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def has_script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def shown(chromium: Browser) -> Iterator[Shown]:
    with opened(chromium, Look(360, "light")) as context:
        yield Shown(context.new_page())


def clock(seconds: float, more: str = "") -> str:
    until = stamp(datetime.now(UTC) + timedelta(seconds=seconds))
    return f'<time data-until="{until}" data-words="{{n}} left" data-over="over" {more}>12:00</time>'


def test_clock_runs_down_and_says_that_it_is_over(shown: Shown) -> None:
    page = shown.show(clock(3720.5) + clock(-5))
    expect(page.locator("time").first).to_have_text(re.compile(r"^1:0[12]:\d\d left$"))
    expect(page.locator("time").last).to_have_text("over")


def test_clock_counts_seconds_only_where_somebody_waits_for_them(shown: Shown) -> None:
    page = shown.show(clock(4 * 86_400 + 60) + clock(30 * 3600 + 60))
    expect(page.locator("time").first).to_have_text("4 days left")
    expect(page.locator("time").last).to_have_text("30 hours left")


def test_clock_that_is_over_leads_on_once(shown: Shown) -> None:
    page = shown.show(clock(1.2, 'data-then="/next"'))
    page.wait_for_url(f"{ORIGIN}/next")
    expect(page.get_by_role("heading")).to_have_text("Next")


def test_clock_is_urgent_when_little_is_left(shown: Shown) -> None:
    page = shown.show(clock(50, 'data-soon="60"') + clock(90, 'data-soon="60"'))
    expect(page.locator("time.soon")).to_have_count(1)


def test_second_tap_sends_nothing(shown: Shown) -> None:
    page = shown.show('<form method="post" action="/accept"><button>Accept</button></form>')
    page.get_by_role("button").dblclick(no_wait_after=True)
    expect(page.get_by_role("heading")).to_have_text("Done")
    assert shown.sent == ["/accept"]


def test_way_back_frees_the_button(shown: Shown) -> None:
    page = shown.show('<form method="post" action="/accept"><button>Accept</button></form>')
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text("Done")
    page.go_back()
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text("Done")
    assert shown.sent == ["/accept", "/accept"]


def test_what_needs_a_script_is_shown_with_one_alone(chromium: Browser, has_script: bool) -> None:
    with opened(chromium, Look(360, "light", has_script)) as context:
        page = Shown(context.new_page()).show('<p class="js-only">with</p><p class="no-js">without</p>')
        expect(page.locator("p:visible")).to_have_text("with" if has_script else "without")


def test_menu_closes_by_escape_and_by_a_click_beside_it(shown: Shown) -> None:
    page = shown.show('<details data-menu><summary>More</summary><a href="/x">x</a></details><p>beside</p>')
    menu = page.locator("details")
    page.get_by_text("More").click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(page.locator("summary")).to_be_focused()
    page.get_by_text("More").click()
    expect(menu).to_have_attribute("open", "")
    page.get_by_text("beside").click()
    expect(menu).not_to_have_attribute("open", "")


def test_what_is_hidden_stays_hidden(shown: Shown) -> None:
    page = shown.show(
        '<p class="error" hidden>a</p><button hidden>b</button><div class="notice" hidden>c</div>'
    )
    expect(page.locator("main > :visible")).to_have_count(0)


def test_only_differences_are_shown_on_demand(chromium: Browser, has_script: bool) -> None:
    with opened(chromium, Look(1280, "light", has_script)) as context:
        page = Shown(context.new_page()).show(
            '<div class="only-differences"><input type="checkbox" class="differences" aria-label="only">'
            '<table><tr class="same"><td>same</td></tr><tr class="differs"><td>else</td></tr></table></div>'
        )
        expect(page.locator("tr:visible")).to_have_count(2)
        page.get_by_role("checkbox").check()
        expect(page.locator("tr:visible")).to_have_text("else")


def test_stream_that_ends_is_taken_up_again_without_a_word(chromium: Browser) -> None:
    scripts = "".join(
        f"<script defer src=/static/vendor/{name}.min.js></script>" for name in ("htmx", "htmx-sse")
    )
    said: list[str] = []
    asked: list[str] = []
    with opened(chromium, Look(360, "light")) as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))

        def stream(route: Route) -> None:
            asked.append(route.request.url)
            body = f"retry: 20\nevent: changed\nid: {len(asked)}\ndata: {len(asked)}\n\n"
            route.fulfill(body=body, content_type="text/event-stream")

        live = '<div hx-ext="sse" sse-connect="/changes" hx-get="/part" hx-trigger="sse:changed">first</div>'
        context.route("**/*", Shown(page).answer(scripts + live))
        context.route(f"{ORIGIN}/part", lambda route: route.fulfill(body=f"part after {len(asked)}"))
        context.route(f"{ORIGIN}/changes", stream)
        page.goto(f"{ORIGIN}/")
        expect(page.locator("main")).to_have_text(re.compile(r"part after [3-9]"))
    assert said == []
