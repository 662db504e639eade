"""A customer's answers: compare, then shortlist, counter, accept or decline; or buy from a standing offer."""

from __future__ import annotations

from federation.messages import JsonObject, Limits
from node.commands.arguments import Arguments
from node.commands.references import account_for, customer_for, deal_for
from node.commands.registry import Commands
from node.commands.shown import named_peer, shown_deal, shown_offer, shown_posting
from node.commands.timelines import offer_signature
from node.context import Node
from node.desk import Desk
from node.domain.deals import Deal, OfferRecord
from node.domain.errors import InvalidInput
from node.domain.messages import Sender
from node.domain.terms import parse_terms
from node.queries.records import find_offer_message
from node.services import negotiating
from node.services.dealing import find_deal, offer_named
from node.services.intents import find_intent
from node.services.negotiating import LosersWord
from node.services.orders import Purchase
from node.workflows.buying import find_standing_offer, order

__all__ = ["COMMANDS"]

COMMANDS = Commands()
CUSTOMER = Sender.CUSTOMER


# --- comparing --------------------------------------------------------------------------------------------


@COMMANDS.command("offers.list", "of all", reads=True)
async def list_offers(node: Node, arguments: Arguments) -> JsonObject:
    """The offers of an intent, of a deal, or all: live ones, cheapest first; with `all` ended ones too."""
    everything, limits = arguments.flag("all"), node.config.limits

    def view(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        deals = _deals_of(desk, account.id, arguments.maybe_text("of", 2000))
        rows = [
            (deal, offer) for deal in deals for offer in (deal.offers if everything else deal.live_offers)
        ]
        return {
            "offers": [_row(desk, deal, offer, limits) for deal, offer in sorted(rows, key=_by_price)],
            "without": [_waiting(desk, deal) for deal in deals if not deal.offers],
        }

    return await node.look(view)


def _deals_of(desk: Desk, account: str, reference: str | None) -> list[Deal]:
    if reference is None:
        return desk.tx.deals.all(account)
    try:
        return [find_deal(desk, account, reference)]
    except InvalidInput as missed:
        try:
            return desk.tx.deals.of_intent(find_intent(desk, account, reference).id)
        except InvalidInput:
            right = "See `obverse intent list` and `obverse offers`."
            raise InvalidInput("of", f"no intent, deal or offer ends with {reference!r}", right) from missed


def _by_price(row: tuple[Deal, OfferRecord]) -> tuple[bool, str, int]:
    deal, offer = row
    price = offer.agreement.price
    return offer not in deal.live_offers, price.currency if price else "", price.amount_minor if price else 0


def _row(desk: Desk, deal: Deal, offer: OfferRecord, limits: Limits) -> JsonObject:
    message = find_offer_message(desk, deal, offer)
    return {
        **shown_offer(offer, deal.peer if deal.side is CUSTOMER else deal.own, message),
        "signature": offer_signature(desk, deal, offer, limits),
        "deal": deal.id,
        "deal_state": deal.state.value,
        "side": deal.side.value,
        "peer": deal.peer,
        "peer_name": named_peer(desk, deal),
        "wanted": deal.proposal.name if deal.proposal else None,
        "wishes": {wish.id: wish.text for wish in deal.proposal.wishes} if deal.proposal else {},
    }


def _waiting(desk: Desk, deal: Deal) -> JsonObject:
    return {"deal": deal.id, "peer_name": named_peer(desk, deal), "state": deal.state.value}


# --- answering --------------------------------------------------------------------------------------------


@COMMANDS.command("deal.shortlist", "offer")
async def shortlist(node: Node, arguments: Arguments) -> JsonObject:
    """Tell a vendor that its offer is among the last; this binds nobody."""

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, "offer", side=CUSTOMER)
        return shown_deal(desk, negotiating.shortlist(desk, deal, arguments.text("offer")))

    return await node.work(work)


@COMMANDS.command("deal.counter", "offer price text")
async def counter(node: Node, arguments: Arguments) -> JsonObject:
    """End an offer by saying at which price she would take it."""

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, "offer", side=CUSTOMER)
        currency = deal.proposal.currency if deal.proposal else None
        price = arguments.maybe_money("price", currency)
        if price is None:
            raise InvalidInput("price", "is missing", "Write a plain decimal such as 270.00.")
        if price.currency != currency:
            raise InvalidInput("price", f"{price} in a deal of {currency}", "Leave the currency out.")
        words = arguments.maybe_text("text", 5000)
        return shown_deal(desk, negotiating.counter(desk, deal, arguments.text("offer"), price.text, words))

    return await node.work(work)


@COMMANDS.command("deal.accept", "offer price disclose decline_reason losers_may_answer")
async def accept(node: Node, arguments: Arguments) -> JsonObject:
    """Accept an offer. `price` is what was shown: another one is not accepted unseen."""

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, "offer", side=CUSTOMER)
        offer = offer_named(deal, arguments.text("offer"))
        price = offer.agreement.price
        accepted = negotiating.accept(
            desk,
            deal,
            arguments.text("offer"),
            fields=_disclosed(arguments),
            losers=LosersWord(arguments.maybe_text("decline_reason"), arguments.flag("losers_may_answer")),
            expect_price=arguments.maybe_money("price", price.currency if price else None),
        )
        return shown_deal(desk, accepted)

    return await node.work(work)


def _disclosed(arguments: Arguments) -> dict[str, str]:
    given = arguments.mapping("disclose")
    for name, value in given.items():
        if not isinstance(value, str) or len(value) > 1000:
            raise InvalidInput(
                "disclose", f"{name} is no text of at most 1000 characters", "Write it as text."
            )
    return given


@COMMANDS.command("deal.decline", "offer reason may_answer text")
async def decline(node: Node, arguments: Arguments) -> JsonObject:
    """Decline an offer; the reason is hers to give or keep."""

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, "offer", side=CUSTOMER)
        word = LosersWord(arguments.maybe_text("reason"), arguments.flag("may_answer"))
        words = arguments.maybe_text("text", 5000)
        return shown_deal(desk, negotiating.decline(desk, deal, arguments.text("offer"), word, words)[0])

    return await node.work(work)


# --- buying from a standing offer -------------------------------------------------------------------------


@COMMANDS.command("order.buy", "url quantity terms")
async def buy_now(node: Node, arguments: Arguments) -> JsonObject:
    """Order from a standing offer with a throw-away persona: no follow, no grant."""
    account = await node.look(lambda desk: customer_for(desk, arguments))
    found = await find_standing_offer(node, arguments.text("url", 2000))
    purchase = Purchase(
        quantity=arguments.maybe_text("quantity", 20) or f"{found.posting.minimum_quantity:f}",
        terms=parse_terms(arguments.texts("terms", 20)),
        fields={},
    )
    deal = await order(node, account, found, purchase)
    shown = await node.look(lambda desk: shown_deal(desk, deal))
    return {**shown, "standing_offer": shown_posting(found.posting)}
