"""Every page that the browser tests check and that `make screens` keeps a picture of: add each screen.

    Shown("offers", "ana", lambda told: f"/my/intents/{told.ask('ana', 'intent.list')[…]}/offers")

A page is opened by whom it names, on that one's node; "" is a stranger. A path that depends on the story is a
function of it. Much of it is about what `node.demo.scenes` left alive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urlsplit

import httpx

from federation.messages import JsonObject
from node.web.shop.deals import place_of
from tests.browser.asked import PLAIN_SHOP
from tests.browser.drafting import the_draft, the_held, the_trial
from tests.browser.story import Told

__all__ = ["PAGES", "Shown", "mine"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page. `node` is the player on whose node it lies; `viewer` is logged in there, "" for nobody.

    `is_binding` says that it is shown only to whoever proved a moment ago who they are.
    """

    name: str
    node: str
    path: str | Callable[[Told], str]
    viewer: str = ""
    status: int = 200
    is_binding: bool = False

    def address(self, told: Told) -> str:
        """Where it is, once the story is told."""
        path = self.path if isinstance(self.path, str) else self.path(told)
        return told[self.node].url + path


def mine(
    name: str, viewer: str, path: str | Callable[[Told], str], status: int = 200, *, is_binding: bool = False
) -> Shown:
    """A private page of ana's or of south's."""
    return Shown(name, viewer, path, viewer, status, is_binding)


def the_reading(told: Told) -> str:
    """The newest post that ana reads."""
    return f"/my/reading/{told.ask('ana', 'reading.list')['readings'][0]['number']}"


def the_talk(told: Told, viewer: str, other: str) -> str:
    """The conversation of one player with another."""
    threads = told.ask(viewer, "talk.list", search=f"@{other}@")["threads"]
    return f"/my/conversations/{threads[0]['id']}"


def the_quoted(told: Told) -> str:
    """The quote that South has sent to Ana."""
    return f"/my/sales/{_her_quote(told)['reference']}"


def the_quote_page(told: Told) -> str:
    return str(_her_quote(told)["page"]).removeprefix(told["south"].url)


def _her_quote(told: Told) -> JsonObject:
    quotes = told.ask("south", "talk.quotes", all=True)["quotes"]
    found: JsonObject = next(one for one in quotes if one["customer"].startswith(told["ana"].url))
    return found


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


BICYCLE, CHAIR, DOLL = "Child bicycle", "A chair to work at", "A doll for Mia's birthday"
DONE, ORDERED = "confirmed", "concluded"
BALLS = "Six balls for the girls' team"


def a_deal(told: Told, who: str, about: str, *peers: str) -> JsonObject:
    """The deal of somebody's about a thing, or in a state, with one of these vendors if any are named.

    Once all is done a deal keeps no proposal that would name what it was about.
    """
    deals = told.ask(who, "deal.list")["deals"]
    return next(
        deal
        for deal in deals
        if about in ((deal["proposal"] or {}).get("name"), deal["state"])
        and (not peers or str(deal["peer"]).rpartition("/")[2] in peers)
    )


def the_deal(told: Told, about: str, vendor: str) -> str:
    """A deal of Ana's."""
    return at_the_end_of(str(a_deal(told, "ana", about, vendor)["id"]), "/my/deals/")


def the_intent(told: Told, about: str) -> str:
    """An intent of Ana's."""
    return at_the_end_of(str(a_deal(told, "ana", about)["intent"]), "/my/intents/")


def the_offer(told: Told, about: str, vendor: str) -> str:
    """The vendor's last offer: a page of an offer is named by its digest."""
    deal = a_deal(told, "ana", about, vendor)
    return f"{at_the_end_of(str(deal['id']), '/my/deals/')}/offers/{deal['offers'][-1]['digest']}"


def the_sale(told: Told, about: str) -> str:
    """A deal as the shop has it: its pages name a deal by its whole id."""
    return f"/my/deals/{place_of(str(a_deal(told, 'south', about)['id']))}"


def the_posting(told: Told) -> str:
    """The address of a standing offer of the shop's."""
    south = told["south"]
    page = httpx.get(
        f"http://127.0.0.1:{south.port}/@south",
        headers={"accept": "text/html", "host": south.host},
        trust_env=False,
    ).text
    found = re.search(re.escape(south.url) + r"(/@south/(?!feed)[A-Za-z0-9_-]+)", page)
    assert found is not None, page
    return found[1]


def of_the(build: Callable[..., str], *words: str, then: str = "") -> Callable[[Told], str]:
    """The path of a page below that of what it is about."""

    def path(told: Told) -> str:
        return build(told, *words) + then

    return path


def the_vendor(told: Told) -> str:
    """The page of the shop, among Ana's vendors."""
    vendors = told.ask("ana", "vendors.list")["vendors"]
    south = next(str(one["actor"]) for one in vendors if one["handle"] == f"@south@{told['south'].host}")
    return f"/my/vendors/{place_of(south)}"


def looked_up(told: Told, who: str) -> str:
    """Where Ana is shown somebody by their handle on the shop's node."""
    return f"/my/vendors/found?who=@{who}@{told['south'].host}"


def an_offer(told: Told) -> str:
    """A standing offer of south's that runs."""
    posts = told.ask("south", "post.list")["posts"]
    return quote(next(post["id"] for post in posts if post["kind"] == "standing offer"), safe="")


def pinned(told: Told) -> JsonObject:
    """What south shows first."""
    posts = told.ask("south", "post.list")["posts"]
    return next(post for post in posts if post["pinned"])


def the_answer(told: Told) -> str:
    """What south has answered to feedback, as strangers read it."""
    posts = told.ask("south", "post.list")["posts"]
    return at_the_end_of(next(str(post["id"]) for post in posts if post["kind"] == "reply"), "/@south/")


def the_post(told: Told, *, then: str = "") -> str:
    """The page on which south looks after it."""
    return f"/my/posts/{pinned(told)['id'].rpartition('/')[2]}{then}"


def an_item(told: Told) -> str:
    """The code of something that the shop sells."""
    return str(told.ask("south", "catalogue.list", limit=1)["items"][0]["sku"])


def a_ball(told: Told) -> str:
    """The code of a ball of which the shop has enough."""
    found = told.ask("south", "catalogue.list", search="ball", limit=100)["items"]
    return next(str(item["sku"]) for item in found if int(item["stock"]) >= 6)


def the_delivery(told: Told, state: str, then: str = "") -> str:
    """A message of Ana's in this state."""
    jobs = told.ask("ana", "deliveries.list", all=True)["deliveries"]
    return f"/my/deliveries/{next(job['id'] for job in jobs if job['state'] == state)}{then}"


def the_post_to_many(told: Told) -> str:
    """What Ana told to whoever follows her, and to the shop that it is about."""
    return f"/my/deliveries/posts/{told.ask('ana', 'deliveries.list', all=True)['posts'][0]['id']}"


def the_letter(told: Told, then: str = "") -> str:
    """The message to Ana that her node stumbled over."""
    return f"/my/deliveries/unread/{told.ask('ana', 'deliveries.list')['dead_letters'][0]['id']}{then}"


def the_recorded(told: Told, then: str = "") -> str:
    """What Ana took down from the words of a shop without a node."""
    recorded = told.ask("ana", "talk.recorded")["recorded"]
    found = next(one for one in recorded if one["actor"] == PLAIN_SHOP)
    return f"/my/recorded/{found['id']}{then}"


def the_asked(told: Told) -> str:
    """The page of what that shop was told, at its secret address."""
    intents = told.ask("ana", "intent.list")["intents"]
    chair = next(str(one["id"]) for one in intents if one["name"] == CHAIR)
    [message] = told.ask("ana", "intent.show", intent=chair)["messages"]
    return str(message["page"]).removeprefix(told["ana"].url)


PAGES: tuple[Shown, ...] = (
    # what strangers see
    Shown("front", "south", "/"),
    Shown("front-person", "ana", "/"),
    Shown("profile-vendor", "south", "/@south"),
    Shown("profile-person", "ana", "/@ana"),
    Shown("feedback", "ana", the_feedback),
    Shown("missing", "south", "/@nobody", status=404),
    Shown("standing-offer", "south", the_posting),
    Shown("log-in", "ana", "/login"),
    Shown("log-in-link-used", "ana", "/login/link?token=", status=404),
    Shown("setup-closed", "ana", "/setup", status=404),
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
    mine("intent-held", "ana", the_held),
    mine("intent", "ana", of_the(the_intent, CHAIR)),
    mine("intent-over", "ana", of_the(the_intent, BICYCLE)),
    mine("intent-unanswered", "ana", of_the(the_intent, BALLS)),
    mine("intent-bytes", "ana", of_the(the_intent, CHAIR, then="/bytes")),
    mine("intent-change", "ana", of_the(the_intent, BALLS, then="/change")),
    mine("intent-withdraw", "ana", of_the(the_intent, BALLS, then="/withdraw")),
    mine("offers", "ana", of_the(the_intent, CHAIR, then="/offers")),
    mine("offers-none", "ana", of_the(the_intent, BALLS, then="/offers")),
    mine("compare", "ana", of_the(the_intent, CHAIR, then="/compare")),
    mine("offer", "ana", of_the(the_offer, CHAIR, "west")),
    mine("offer-taken", "ana", of_the(the_offer, DONE, "south")),
    mine("accept", "ana", of_the(the_offer, CHAIR, "north", then="/accept"), is_binding=True),
    mine("counter", "ana", of_the(the_offer, CHAIR, "north", then="/counter")),
    mine("decline", "ana", of_the(the_offer, CHAIR, "north", then="/decline")),
    mine("deals-person", "ana", "/my/deals"),
    mine("deal-negotiated", "ana", of_the(the_deal, CHAIR, "north")),
    mine("deal-agreed", "ana", of_the(the_deal, DOLL, "west")),
    mine("deal-lost", "ana", of_the(the_deal, DOLL, "south")),
    mine("deal-person", "ana", of_the(the_deal, DONE, "south")),
    mine("deal-paid", "ana", of_the(the_deal, DOLL, "west", then="/paid")),
    mine("deal-cancel", "ana", of_the(the_deal, DOLL, "west", then="/cancel")),
    mine("agreement", "ana", of_the(the_deal, DONE, "south", then="/agreement")),
    mine("evidence", "ana", of_the(the_deal, DONE, "south", then="/evidence")),
    mine("feedback-private", "ana", of_the(the_deal, DONE, "south", then="/feedback")),
    mine("feedback-publish", "ana", of_the(the_deal, DONE, "south", then="/feedback/publish")),
    mine("buy", "ana", "/my/buy"),
    mine("buy-from", "ana", lambda told: f"/my/buy?vendor={quote(told['south'].handle)}"),
    mine(
        "order",
        "ana",
        lambda told: f"/my/buy/order?url={quote(told['south'].url + the_posting(told), safe='')}",
        is_binding=True,
    ),
    mine("conversations-person", "ana", "/my/conversations"),
    mine("conversation-person", "ana", lambda told: the_talk(told, "ana", "south")),
    mine("conversation-asked", "ana", lambda told: the_talk(told, "ana", "possil")),
    mine("record", "ana", lambda told: the_talk(told, "ana", "possil") + "/record"),
    mine("recorded-taken", "ana", partial(the_recorded, then="/taken")),
    mine("recorded-remove", "ana", partial(the_recorded, then="/remove")),
    Shown("asked-public", "ana", the_asked),
    mine("vendor-plain", "ana", f"/my/vendors/{place_of(PLAIN_SHOP)}"),
    mine("intent-new-plain", "ana", f"/my/intents/new?vendor={place_of(PLAIN_SHOP)}"),
    mine("vendors", "ana", "/my/vendors"),
    mine("vendors-sought", "ana", "/my/vendors?find=nobody"),
    mine("vendor", "ana", the_vendor),
    mine("vendor-add", "ana", "/my/vendors/add"),
    mine("vendor-found", "ana", lambda told: looked_up(told, "south")),
    mine("vendor-unknown", "ana", lambda told: looked_up(told, "nobody"), 422),
    mine("vendor-remove", "ana", lambda told: the_vendor(told) + "/remove"),
    mine("vendor-block", "ana", lambda told: the_vendor(told) + "/block"),
    mine("code-person", "ana", "/my/code"),
    mine("security", "ana", "/my/security"),
    mine("notices-person", "ana", "/my/notices"),
    mine("notice-settings-person", "ana", "/my/settings/notices"),
    mine("doctor", "ana", "/my/doctor"),
    mine("deliveries-waiting", "ana", "/my/deliveries"),
    mine("deliveries-given-up", "ana", "/my/deliveries/given-up"),
    mine("deliveries-unread", "ana", "/my/deliveries/unread"),
    mine("deliveries-done", "ana", "/my/deliveries/delivered"),
    mine("deliveries-posts", "ana", "/my/deliveries/posts"),
    mine("delivery-post", "ana", the_post_to_many),
    mine("delivery", "ana", partial(the_delivery, state="delivered")),
    mine("delivery-given-up", "ana", partial(the_delivery, state="dead")),
    mine("delivery-drop", "ana", partial(the_delivery, state="dead", then="/drop")),
    mine("unread-letter", "ana", the_letter),
    mine("unread-letter-drop", "ana", partial(the_letter, then="/drop")),
    mine("settings-person", "ana", "/my/settings"),
    mine("export-person", "ana", "/my/export"),
    mine("styleguide-words", "ana", "/my/styleguide"),
    mine("styleguide-deals", "ana", "/my/styleguide/deals"),
    mine("missing-private", "ana", "/my/nothing", 404),
    # the vendor's
    mine("home-vendor", "south", "/my"),
    mine("inbox-ended", "south", "/my?show=ended"),
    mine("inbox-offered", "south", "/my?show=offered"),
    mine("inbox-decline", "south", lambda told: f"/my/inbox/decline?deal={the_sale(told, BALLS)[10:]}"),
    mine("deals-vendor", "south", "/my/deals"),
    mine("deals-vendor-done", "south", "/my/deals?show=done"),
    mine("sale-asked", "south", of_the(the_sale, BALLS)),
    mine("sale-offered", "south", of_the(the_sale, CHAIR)),
    mine("sale-lost", "south", of_the(the_sale, DOLL)),
    mine("sale-ordered", "south", of_the(the_sale, ORDERED)),
    mine("deal-vendor", "south", of_the(the_sale, DONE)),
    mine("offer-form", "south", lambda told: f"{the_sale(told, BALLS)}/offer?sku={a_ball(told)}"),
    mine("offer-form-search", "south", of_the(the_sale, BALLS, then="/offer?q=ball")),
    mine("stock", "south", "/my/catalogue"),
    mine("stock-item", "south", lambda told: f"/my/catalogue/item?sku={an_item(told)}"),
    mine("import", "south", "/my/catalogue/import"),
    mine("import-tried", "south", the_trial),
    mine("import-flawed", "south", partial(the_trial, is_flawed=True)),
    mine("rules", "south", "/my/rules"),
    mine("rule-tried", "south", "/my/rules/new?tried=yes&name=At+once&valid=72&least=1"),
    mine("standing-offers", "south", "/my/offers"),
    mine("standing-offer-change", "south", lambda told: f"/my/offers/change?offer={an_offer(told)}"),
    mine("posts", "south", "/my/posts"),
    mine("post-new", "south", "/my/posts/new"),
    mine("post", "south", the_post),
    mine("post-change", "south", partial(the_post, then="/change")),
    mine("post-remove", "south", partial(the_post, then="/remove")),
    mine("posts-person", "ana", "/my/posts"),
    mine("reading", "ana", "/my/reading"),
    mine("posts-none", "ana", "/my/posts?show=followers"),
    mine("reading-none", "south", "/my/reading"),
    mine("reading-post", "ana", the_reading),
    mine("doctor-vendor", "south", "/my/doctor"),
    mine("portrait", "south", "/my/settings/picture"),
    mine("compose-public", "ana", lambda told: f"{the_draft(told)}/public"),
    Shown("post-public", "south", lambda told: urlsplit(pinned(told)["url"]).path),
    Shown("answer", "south", the_answer),
    Shown("topic", "south", "/tags/bicycles"),
    mine("publish", "south", lambda told: f"/my/offers/new?sku={an_item(told)}"),
    mine("lost", "south", "/my/lost"),
    mine("messages-vendor", "south", "/my/messages"),
    mine("conversations-vendor", "south", "/my/conversations"),
    mine("conversations-none", "south", "/my/conversations?show=closed"),
    mine("conversation-vendor", "south", lambda told: the_talk(told, "south", "ana")),
    mine("quote", "south", lambda told: the_talk(told, "south", "ana") + "/quote"),
    mine("conversations-all", "south", "/my/conversations?show=all"),
    mine("conversations-sought", "south", "/my/conversations?find=nobody&show=all"),
    mine("sales-over", "south", "/my/sales?show=over"),
    mine("sales-none", "south", "/my/sales"),
    mine("sales", "south", "/my/sales?show=open"),
    mine("sale", "south", the_quoted),
    Shown("quote-public", "south", the_quote_page),
    mine("feedback-vendor", "south", "/my/feedback"),
    mine("followers", "south", "/my/followers"),
    mine("followers-person", "ana", "/my/followers"),
    mine("following", "ana", "/my/following"),
    mine("following-none", "south", "/my/following"),
    mine("shunned", "ana", "/my/shunned"),
    mine("moves", "ana", "/my/moves"),
    mine("network", "ana", "/my/settings/network"),
    mine("blocks", "ana", "/my/settings/blocks"),
    mine("network-vendor", "south", "/my/settings/network"),
    mine("interact-empty", "ana", "/my/interact"),
    mine("interact", "ana", "/my/interact?uri=@south@south.example"),
    mine("interact-person", "ana", lambda told: f"/my/interact/found?uri=@south@{told['south'].host}"),
    mine("interact-post", "ana", lambda told: f"/my/interact/found?uri={quote(str(pinned(told)['id']))}"),
    mine("interact-nobody", "ana", "/my/interact/found?uri=nobody", 422),
    mine("interact-done", "ana", "/my/interact/done?on-success=(close)"),
    mine("deliveries-vendor", "south", "/my/deliveries"),
    mine("settings-vendor", "south", "/my/settings"),
    mine("export-vendor", "south", "/my/export"),
    mine("notices-vendor", "south", "/my/notices"),
    mine("notice-settings-vendor", "south", "/my/settings/notices"),
    mine("code-vendor", "south", "/my/code"),
)
