"""`make screens`: a picture of every page of a finished demo, under `build/screens/`, in every look.

And of both first runs, page after page, each in one look.

python -m tests.browser.screens [PART-OF-A-NAME …]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import launched
from tests.browser.first_runs import take_first_runs
from tests.browser.looking import LOOKS, ROOT, Look, Seen, log_in, opened
from tests.browser.pages import PAGES, Shown
from tests.browser.story import PASSWORD, Told, told_story

__all__ = ["SCREENS", "main", "take"]

SCREENS = ROOT / "build" / "screens"
DRAWN = tuple(look for look in LOOKS if look.has_script)
"""Without a script a page looks the same; the tests hold it to that it works."""
_TALLER = 20


def take(browser: Browser, told: Told, pages: Sequence[Shown], directory: Path) -> int:
    """A picture of each page in each look, `NAME-WIDTH-SCHEME.png`; how many."""
    directory.mkdir(parents=True, exist_ok=True)
    for look in DRAWN:
        for viewer in sorted({shown.viewer for shown in pages}):
            with opened(browser, look) as context:
                page = context.new_page()
                if viewer:
                    log_in(page, told[viewer].url, viewer, PASSWORD)
                for shown in pages:
                    if shown.viewer == viewer:
                        _keep(Seen(page, shown.address(told)), look, directory / f"{shown.name}-{look}.png")
    return len(pages) * len(DRAWN)


def _keep(seen: Seen, look: Look, path: Path) -> None:
    """As high as the page is: what stays at the lower edge of a phone is at that of the picture, too."""
    page = seen.page
    page.set_viewport_size({"width": look.width, "height": look.height})
    page.goto(seen.url, wait_until="load")
    height = look.height
    for _ in range(_TALLER):  # a table that scrolls by itself grows with the window
        whole = page.evaluate("document.documentElement.scrollHeight")
        if whole <= height:
            break
        height = whole
        page.set_viewport_size({"width": look.width, "height": height})
    page.screenshot(path=path, full_page=True, animations="disabled")


def main(words: Sequence[str]) -> int:
    """Play, take, tell; the exit code."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("This needs Chromium (Debian: apt-get install chromium).")
        return 1
    pages = [shown for shown in PAGES if not words or any(word in shown.name for word in words)]
    with tempfile.TemporaryDirectory() as home, told_story(Path(home)) as told, sync_playwright() as driver:
        browser = launched(driver, chromium)
        count = take(browser, told, pages, SCREENS)
        if not words or any(word in "setup" for word in words):
            count += take_first_runs(browser, Path(home) / "first-runs", SCREENS)
        browser.close()
    print(f"{count} pictures under {SCREENS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
