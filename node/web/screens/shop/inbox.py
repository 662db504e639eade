"""The vendor's first page: intents that wait for an answer; several may be declined at once."""

from __future__ import annotations

from collections.abc import Sequence

from node.desk import Desk
from node.domain.deals import Deal, DealState
from node.domain.errors import Refusal
from node.domain.reasons import NO_BID_REASONS
from node.services.quotes import refuse_to_bid
from node.web.fields import choice, many, optional, text
from node.web.forms import Form
from node.web.shop.deals import find_deal
from node.web.shop.inbox import INBOX_VIEWS, decline_view, inbox_view, watch_inbox
from node.web.visits import Answer, Live, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["REASON", "SCREENS", "place_before"]

SCREENS = Screens()

REASON = choice("reason", {name: name for name in NO_BID_REASONS})
DEALS = many(text("deal", most=4000), most=100)
WORDS = optional(text("text", most=2000, lines=True))
DECLINE = Form(DEALS, REASON, WORDS)


@SCREENS.get("/my", who=Who.VENDOR)
async def inbox(visit: Visit) -> Answer:
    account, query = visit.viewer.account, visit.query
    shown = query.first("show")
    if shown not in INBOX_VIEWS:
        raise Missing
    before, fits = place_before(visit), query.first("fit")
    if fits not in ("", "shown", "only"):
        raise Missing
    view = await visit.look(lambda desk: inbox_view(desk, account, shown, before, fits=fits))
    return Page("shop/inbox.html", view, visit.form_or(DECLINE), fragment="list")


@SCREENS.get("/my/inbox/changes", who=Who.VENDOR)
async def changes(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Live(lambda desk: watch_inbox(desk, account))


def place_before(visit: Visit, name: str = "before") -> int | None:
    """Where in a list a page begins, by the address. Raises: Missing for what no link of ours says."""
    said = visit.query.first(name)
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise Missing
    return int(said)


# --- several at once --------------------------------------------------------------------------------------


@SCREENS.get("/my/inbox/decline", who=Who.VENDOR)
async def decline_page(visit: Visit) -> Answer:
    """What is about to be declined, by name: nothing has been sent yet."""
    asked = visit.form.typed if visit.form is not None else visit.query
    account, places = visit.viewer.account, asked.all("deal")[:100]
    view = await visit.look(
        lambda desk: decline_view(desk, _open_ones(_deals(desk, account.id, places)), asked.first("reason"))
    )
    if not view.lines:
        return Redirect("/my", visit.words("Choose the intents that you want to decline."), "warn")
    shown = {"reason": view.reason, "deal": [line.place for line in view.lines]}
    return Page("shop/decline.html", view, visit.form_or(DECLINE, shown))


@SCREENS.post("/my/inbox/decline", who=Who.VENDOR, again=decline_page)
async def decline(visit: Visit) -> Answer:
    """Answer several intents with no bid. What was answered meanwhile is left as it is."""
    filled = await visit.read(DECLINE)
    account = visit.viewer.account
    places: tuple[str, ...] = filled[DEALS]

    def work(desk: Desk) -> tuple[int, int]:
        deals = _deals(desk, account.id, places)
        done = sum(_refused(desk, deal, filled[REASON], filled[WORDS]) for deal in _open_ones(deals))
        return done, len(deals) - done

    done, left = await visit.act(work)
    words = visit.words
    said = words.ngettext("%(num)s intent declined.", "%(num)s intents declined.", done)
    if left:
        said += " " + words.ngettext(
            "%(num)s had been answered or had ended meanwhile.",
            "%(num)s had been answered or had ended meanwhile.",
            left,
        )
    return Redirect("/my", said, "good" if done else "warn")


def _refused(desk: Desk, deal: Deal, reason: str, words: str | None) -> bool:
    try:
        refuse_to_bid(desk, deal, reason, words)
    except Refusal:
        return False
    return True


def _deals(desk: Desk, account: str, places: Sequence[str]) -> list[Deal]:
    """The deals that are named. Raises: Missing where one is not this vendor's."""
    found = [find_deal(desk, account, place) for place in dict.fromkeys(places)]
    deals = [deal for deal in found if deal is not None]
    if len(deals) < len(found):
        raise Missing
    return deals


def _open_ones(deals: Sequence[Deal]) -> list[Deal]:
    return [deal for deal in deals if deal.state in (DealState.OPEN, DealState.COUNTERED)]
