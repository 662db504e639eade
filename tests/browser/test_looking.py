"""What the checks of every page find: each fault put into a page that is sound without it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.looking import MOST_BYTES, Look, Seen, faults_of, opened

pytestmark = pytest.mark.slow

ORIGIN = "http://faulty.localhost"
SOUND = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A sound page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>:focus-visible { outline: 3px solid #000 } HEAD</style></head>
<body><main><h1>Sound</h1><p><a href="/">A link</a> and <input aria-label="when" type="date">
<button>a button</button></p>BODY</main></body></html>"""

FAULTS = [
    ("contrast", "", '<p style="color: #aaa; background: #fff">hard to read</p>', "axe: color-contrast"),
    ("label", "", '<input type="text">', "axe: label"),
    ("heading", "", "<h4>out of order</h4>", "axe: heading-order"),
    ("width", "", '<div style="width: 2000px">wide</div>', "wider than the screen: 2"),
    ("ring", "button:focus-visible { outline: none }", "", "focus, no ring: button"),
    ("unreachable", "", '<button tabindex="-1">never</button>', "not reached by Tab: button"),
    ("out of sight", "button { position: fixed; left: -900px }", "", "focus, out of sight: button"),
    (
        "behind",
        "nav { position: fixed; inset: 0; background: #fff }",
        '<nav aria-label="over all">over all</nav>',
        "focus, hidden behind something: a",
    ),
    ("console", "", "<script>console.error('sorry')</script>", "console: error: sorry"),
    ("exception", "", "<script>nothing.there</script>", "console: nothing is not defined"),
    (
        "elsewhere",
        "",
        '<img alt="far" src="http://elsewhere.localhost/x.png">',
        "asks elsewhere: http://else",
    ),
    ("weight", "", "<p>" + "heavy " * (MOST_BYTES // 6) + "</p>", "bytes on first visit"),
]


def faults(browser: Browser, axe: str, html: str, look: Look) -> list[str]:
    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html; charset=utf-8", body=html)

    with opened(browser, look) as context:
        context.route("**/*", answer)
        return faults_of(Seen(context.new_page(), ORIGIN + "/").visit(), look, ORIGIN, axe)


@pytest.mark.parametrize(
    "look", [Look(360, "light"), Look(1280, "dark"), Look(360, "light", has_script=False)]
)
def test_sound_page_has_no_fault(look: Look, chromium: Browser, axe: str) -> None:
    assert faults(chromium, axe, SOUND.replace("HEAD", "").replace("BODY", ""), look) == []


@pytest.mark.parametrize(
    ("head", "body", "said"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_fault_is_found(head: str, body: str, said: str, chromium: Browser, axe: str) -> None:
    found = faults(chromium, axe, SOUND.replace("HEAD", head).replace("BODY", body), Look(360, "light"))
    assert [words for words in found if said in words], found


def test_page_that_is_too_wide_is_found_without_a_script_too(chromium: Browser, axe: str) -> None:
    html = SOUND.replace("HEAD", "").replace("BODY", '<div style="width: 2000px">wide</div>')
    found = faults(chromium, axe, html, Look(360, "light", has_script=False))
    assert found[0].startswith("wider than the screen: 2")
