"""Pictures of what is seen only once: the first run of a person and of a shop, page after page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator

from tests.browser.looking import Look, opened
from tests.browser.moving_in import move_in_a_person, move_in_a_shop
from tests.browser.people import Person
from tests.browser.street import open_street, set_up_link

__all__ = ["take_first_runs"]

CAST = (("ana", "person", "Ana"), ("south", "vendor", "South Wheels"))


@dataclass
class Painter(Person):
    """Somebody who keeps a picture of each page as it is filled in, before leaving it."""

    kind: str = ""
    directory: Path = Path()
    kept: int = 0

    def press(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Keep a picture, then press."""
        self.kept += 1
        part = urlsplit(self.page.url).path.rpartition("/")[2]
        picture = self.directory / f"setup-{self.kind}-{self.kept:02}-{part}-{self.look}.png"
        self.page.screenshot(path=picture, full_page=True, animations="disabled")
        super().press(name, within)


def take_first_runs(browser: Browser, home: Path, directory: Path) -> int:
    """A person on a phone in light, a shop at a desk in dark; how many pictures."""
    with open_street(home, CAST) as street:
        kept = 0
        for (name, kind, display), look in zip(CAST, (Look(360, "light"), Look(1280, "dark")), strict=True):
            with opened(browser, look, accept_downloads=True) as context:
                painter = Painter(context.new_page(), street[name].url, look, kind=kind, directory=directory)
                link = set_up_link(street[name])
                if kind == "person":
                    move_in_a_person(painter, link, name, display)
                else:
                    move_in_a_shop(painter, link, name, display, None)
                kept += painter.kept
        return kept
