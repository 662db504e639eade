"""Every page that the browser tests check and that `make screens` keeps a picture of: add each screen.

    Shown("offers", "ana", lambda told: f"/my/intents/{told.ask('ana', 'intent.list')[…]}/offers")

A page is opened by whom it names, on that one's node; "" is a stranger. A path that depends on the story is a
function of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from node.web.shop.deals import place_of
from tests.browser.drafting import the_draft
from tests.browser.story import Told

__all__ = ["PAGES", "Shown", "mine"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page. `node` is the player on whose node it lies; `viewer` is logged in there, "" for nobody."""

    name: str
    node: str
    path: str | Callable[[Told], str]
    viewer: str = ""
    status: int = 200

    def address(self, told: Told) -> str:
        """Where it is, once the story is told."""
        path = self.path if isinstance(self.path, str) else self.path(told)
        return told[self.node].url + path


def mine(name: str, viewer: str, path: str | Callable[[Told], str], status: int = 200) -> Shown:
    """A private page of ana's or of south's."""
    return Shown(name, viewer, path, viewer, status)


def the_feedback(told: Told) -> str:
    """Where Ana's public feedback is read; the shop's page leads there."""
    south = told["south"]
    headers = {"accept": "text/html", "host": south.host}
    page = httpx.get(f"http://127.0.0.1:{south.port}/@south", headers=headers, trust_env=False).text
    found = re.search(re.escape(told["ana"].url) + r"(/@ana/[A-Za-z0-9_-]+)", page)
    assert found is not None, page
    return found[1]


def at_the_end_of(address: str, beginning: str) -> str:
    """How our pages name a thing: the last part of its id, which the pages of this list begin with."""
    return beginning + address.rpartition("/")[2]


def the_deal(told: Told) -> str:
    """Ana's deal with the shop that won."""
    deals = told.ask("ana", "deal.list")["deals"]
    won = next(deal for deal in deals if deal["state"] == "confirmed")
    return at_the_end_of(str(won["id"]), "/my/deals/")


def the_intent(told: Told) -> str:
    """The intent that began all of it."""
    deal = told.ask("ana", "deal.list")["deals"][0]
    return at_the_end_of(str(deal["intent"]), "/my/intents/")


def the_offer(told: Told) -> str:
    """The offer that Ana took: a page of an offer is named by its digest."""
    deals = told.ask("ana", "deal.list")["deals"]
    won = next(deal for deal in deals if deal["state"] == "confirmed")
    digest = str(won["agreement"]["offer_digest"])
    return f"{at_the_end_of(str(won['id']), '/my/deals/')}/offers/{digest}"


def the_sale(told: Told) -> str:
    """The same deal, as the shop has it: its pages name a deal by its whole id."""
    deals = told.ask("south", "deal.list")["deals"]
    return f"/my/deals/{place_of(str(deals[0]['id']))}"


def the_vendor(told: Told) -> str:
    """The page of the shop, among Ana's vendors."""
    vendors = told.ask("ana", "vendors.list")["vendors"]
    south = next(str(one["actor"]) for one in vendors if one["handle"] == f"@south@{told['south'].host}")
    return f"/my/vendors/{place_of(south)}"


def looked_up(told: Told, who: str) -> str:
    """Where Ana is shown somebody by their handle on the shop's node."""
    return f"/my/vendors/found?who=@{who}@{told['south'].host}"


def an_item(told: Told) -> str:
    """The code of something that the shop sells."""
    return str(told.ask("south", "catalogue.list", limit=1)["items"][0]["sku"])


PAGES: tuple[Shown, ...] = (
    # what strangers see
    Shown("front", "south", "/"),
    Shown("front-person", "ana", "/"),
    Shown("profile-vendor", "south", "/@south"),
    Shown("profile-person", "ana", "/@ana"),
    Shown("feedback", "ana", the_feedback),
    Shown("missing", "south", "/@nobody", status=404),
    Shown("log-in", "ana", "/login"),
    # the person's
    mine("home-person", "ana", "/my"),
    mine("intents", "ana", "/my/intents"),
    mine("intents-all", "ana", "/my/intents/all"),
    mine("intent-new", "ana", "/my/intents/new"),
    mine("compose-what", "ana", lambda told: the_draft(told) + "/what"),
    mine("compose-wishes", "ana", lambda told: the_draft(told) + "/wishes"),
    mine("compose-limits", "ana", lambda told: the_draft(told) + "/limits"),
    mine("compose-vendors", "ana", lambda told: the_draft(told) + "/vendors"),
    mine("compose-terms", "ana", lambda told: the_draft(told) + "/terms"),
    mine("compose-check", "ana", lambda told: the_draft(told) + "/check"),
    mine("compose-bytes", "ana", lambda told: the_draft(told) + "/bytes"),
    mine("compose-discard", "ana", lambda told: the_draft(told) + "/discard"),
    mine("compose-hold", "ana", "/my/intents/hold"),
    mine("intent", "ana", the_intent),
    mine("intent-bytes", "ana", lambda told: the_intent(told) + "/bytes"),
    mine("offers", "ana", lambda told: the_intent(told) + "/offers"),
    mine("compare", "ana", lambda told: the_intent(told) + "/compare"),
    mine("offer", "ana", the_offer),
    mine("deals-person", "ana", "/my/deals"),
    mine("deal-person", "ana", the_deal),
    mine("agreement", "ana", lambda told: the_deal(told) + "/agreement"),
    mine("evidence", "ana", lambda told: the_deal(told) + "/evidence"),
    mine("feedback-private", "ana", lambda told: the_deal(told) + "/feedback"),
    mine("buy", "ana", "/my/buy"),
    mine("vendors", "ana", "/my/vendors"),
    mine("vendors-sought", "ana", "/my/vendors?find=nobody"),
    mine("vendor", "ana", the_vendor),
    mine("vendor-add", "ana", "/my/vendors/add"),
    mine("vendor-found", "ana", lambda told: looked_up(told, "south")),
    mine("vendor-unknown", "ana", lambda told: looked_up(told, "nobody"), 422),
    mine("vendor-remove", "ana", lambda told: the_vendor(told) + "/remove"),
    mine("code-person", "ana", "/my/code"),
    mine("security", "ana", "/my/security"),
    mine("styleguide-words", "ana", "/my/styleguide"),
    mine("styleguide-deals", "ana", "/my/styleguide/deals"),
    mine("missing-private", "ana", "/my/nothing", 404),
    # the vendor's
    mine("home-vendor", "south", "/my"),
    mine("inbox-ended", "south", "/my?show=ended"),
    mine("deals-vendor", "south", "/my/deals?show=done"),
    mine("deal-vendor", "south", the_sale),
    mine("stock", "south", "/my/catalogue"),
    mine("stock-item", "south", lambda told: f"/my/catalogue/item?sku={an_item(told)}"),
    mine("import", "south", "/my/catalogue/import"),
    mine("rules", "south", "/my/rules"),
    mine("rule-tried", "south", "/my/rules/new?tried=yes&name=At+once&valid=72&least=1"),
    mine("standing-offers", "south", "/my/offers"),
    mine("publish", "south", lambda told: f"/my/offers/new?sku={an_item(told)}"),
    mine("lost", "south", "/my/lost"),
    mine("messages-vendor", "south", "/my/messages"),
    mine("feedback-vendor", "south", "/my/feedback"),
    mine("followers", "south", "/my/followers"),
    mine("code-vendor", "south", "/my/code"),
)
