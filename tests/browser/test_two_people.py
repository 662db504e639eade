"""The main job, end to end, by two people in two browsers: nothing is done but on their pages.

Only the third of the story is not at a browser: the shop that loses, whose node answers by rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.deal_told import Deal
from tests.browser.looking import Look
from tests.browser.moving_in import CATALOGUE, move_in_a_person, move_in_a_shop
from tests.browser.people import Person, at_a_browser
from tests.browser.street import Street, an_hour_passes, open_street, set_up_link, until

pytestmark = [pytest.mark.slow, pytest.mark.processes]

CAST = (
    ("ana", "person", "Ana"),
    ("south", "vendor", "South Wheels"),
    ("north", "vendor", "North Bicycles"),
)
RIVALS = """\
sku,name,category,price,currency,stock,lead_days,delivery,prop.bodyHeight
KID,North Kid,Q11442,279.00,EUR,3,2,10.00,105..125 centimetre
"""
STORY_LOOKS = (Look(1280, "light"), Look(1280, "dark", has_script=False), Look(360, "light"))


@contextmanager
def at_browsers(chromium: Browser, look: Look, street: Street, axe: str) -> Iterator[tuple[Person, Person]]:
    with ExitStack() as both:
        ana, shop = (
            both.enter_context(at_a_browser(chromium, look, street[name].url, axe))
            for name in ("ana", "south")
        )
        yield ana, shop


@pytest.mark.parametrize("look", STORY_LOOKS, ids=str)
def test_two_people_strike_a_deal_on_their_pages(
    look: Look, chromium: Browser, axe: str, tmp_path: Path
) -> None:
    with (
        open_street(tmp_path / "street", CAST, settled=("north",)) as street,
        at_browsers(chromium, look, street, axe if look.width < 600 else "") as (ana, shop),
    ):
        settle_the_rival(street)
        table = tmp_path / "goods.csv"
        table.write_text(CATALOGUE)
        south = set_up_link(street["south"])
        move_in_a_shop(shop, south, "south", "South Wheels", None if look.width < 600 else table)
        move_in_a_person(ana, set_up_link(street["ana"]), "ana", "Ana")
        deal = Deal(ana, shop, "North Bicycles")
        deal.compose(street["south"].handle, street["north"].handle)
        deal.look_through_and_send()
        deal.offer()
        deal.compare()
        deal.ask()
        deal.counter()
        an_hour_passes(street["ana"])
        deal.accept()
        deal.both_hold_the_same()
        the_loser_hears_why(street)
        deal.fulfil()
        deal.tell_them()
        deal.tell_everybody()


def settle_the_rival(street: Street) -> None:
    """A shop whose owner is away: a rule answers."""
    street["north"].ask("catalogue.import", csv=RIVALS)
    street["north"].ask("rules.add", name="At once", fields=["name"])


def the_loser_hears_why(street: Street) -> None:
    def is_told() -> bool:
        (deal,) = street["north"].ask("deal.list")["deals"]
        return bool(
            deal["state"] == "declined, a better offer is welcome" and deal["decline_reason"] == "price"
        )

    until(is_told)
