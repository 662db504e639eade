"""The offers of an intent: as they arrive, side by side, and each by itself."""

from __future__ import annotations

from node.desk import Desk
from node.services import negotiating
from node.web.deal_reads import find_offer_of, intent_page, offer_page
from node.web.forms import Form
from node.web.offer_views import compare_view, offers_view, one_offer_view, watch_offers
from node.web.visits import Answer, Live, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS", "show_offer"]

SCREENS = Screens()

SHORTLIST = Form()


@SCREENS.get("/my/intents/{intent}/offers", who=Who.PERSON)
async def offers(visit: Visit) -> Answer:
    account, limits = visit.viewer.account, visit.node.config.limits
    view = await visit.look(lambda desk: offers_view(desk, account, visit.params["intent"], limits))
    return Page("offers/list.html", view, fragment="offers")


@SCREENS.get("/my/intents/{intent}/offers/changes", who=Who.PERSON)
async def offers_changes(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["intent"]
    await visit.look(lambda desk: watch_offers(desk, account, ref))  # another's is missing, before it streams
    return Live(lambda desk: watch_offers(desk, account, ref))


@SCREENS.get("/my/intents/{intent}/compare", who=Who.PERSON)
async def compare(visit: Visit) -> Answer:
    account, limits = visit.viewer.account, visit.node.config.limits
    view = await visit.look(
        lambda desk: compare_view(
            desk,
            account,
            visit.params["intent"],
            limits,
            chosen=visit.query.all("offer"),
            only_differences=bool(visit.query.first("differences")),
        )
    )
    if not view.all and not view.recorded:
        return Redirect(f"{view.page}/offers", visit.words("No offer is open any more."), "warn")
    return Page("offers/compare.html", view)


@SCREENS.get("/my/deals/{deal}/offers/{offer}", who=Who.PERSON)
async def show_offer(visit: Visit) -> Answer:
    account, limits = visit.viewer.account, visit.node.config.limits
    ref, digest = visit.params["deal"], visit.params["offer"]
    view = await visit.look(lambda desk: one_offer_view(desk, account, ref, digest, limits))
    return Page("offers/one.html", view)


@SCREENS.post("/my/deals/{deal}/offers/{offer}/shortlist", who=Who.PERSON, again=show_offer)
async def shortlist(visit: Visit) -> Answer:
    """Say that it is among the last ones; this binds nobody."""
    await visit.read(SHORTLIST)
    account, ref, digest = visit.viewer.account, visit.params["deal"], visit.params["offer"]

    def work(desk: Desk) -> str:
        deal, offer = find_offer_of(desk, account, ref, digest)
        if not offer.shortlisted:
            negotiating.shortlist(desk, deal, offer.id)
        return f"{intent_page(deal.intent_id)}/offers" if deal.intent_id else offer_page(deal, offer)

    back = await visit.act(work)
    return Redirect(back, visit.words("They know now that their offer is among your last."))
