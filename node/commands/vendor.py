"""A vendor before an agreement: the inbox of intents, offers by hand, no bid, and standing offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import deal_for, vendor_for
from node.commands.registry import Commands
from node.commands.shown import shown_deal, shown_posting
from node.context import Node
from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal, DealState
from node.domain.errors import InvalidInput
from node.domain.intents import Proposal
from node.domain.messages import Sender
from node.domain.offers import Answer, Item, Meets
from node.domain.reasons import NO_BID_REASONS
from node.domain.tables import is_terminal
from node.domain.values import parse_quantity
from node.services import quotes
from node.services.disclosure import FIELDS
from node.services.offering import Goods, goods_from_catalogue
from node.services.orders import post_offer
from node.services.quotes import Quote

__all__ = ["COMMANDS", "read_fields"]

COMMANDS = Commands()
VENDOR = Sender.VENDOR


# --- the inbox --------------------------------------------------------------------------------------------


@COMMANDS.command("inbox.list", "all", reads=True)
async def list_inbox(node: Node, arguments: Arguments) -> JsonObject:
    """The vendor's deals, newest change first, each with what it waits for; with `all` all."""
    everything = arguments.flag("all")

    def view(desk: Desk) -> list[JsonObject]:
        account = vendor_for(desk, arguments)
        mine = [deal for deal in desk.tx.deals.all(account.id) if deal.side is VENDOR]
        return [_line(desk, deal) for deal in mine if everything or not is_terminal(deal.state)]

    return {"deals": await node.look(view)}


def _line(desk: Desk, deal: Deal) -> JsonObject:
    notices = desk.tx.notices.all(deal.account, deal_id=deal.id, limit=20)
    draft = next((notice.text for notice in notices if notice.kind == "draft"), None)
    waits = deal.state in (DealState.OPEN, DealState.COUNTERED)
    return {
        **shown_deal(desk, deal),
        "needs": _needs(deal),
        "draft": draft if waits else None,
        "last": notices[0].text if notices else None,
    }


def _needs(deal: Deal) -> str:
    """What the deal waits for, in words; "" for nothing of ours."""
    asked = deal.proposal.price if deal.proposal else None
    match deal.state:
        case DealState.OPEN:
            return "an offer, or a no bid"
        case DealState.COUNTERED:
            return f"an answer to the counter{f' of {asked}' if asked else ''}: a new offer, or a no bid"
        case DealState.ANSWERABLE:
            return "one better offer, if you have one"
        case DealState.CONCLUDED:
            return _needs_once_agreed(deal)
        case DealState.CANCELLING if any(found.by is not VENDOR for found in deal.pending_cancellations):
            return "an answer to the cancellation"
        case _:
            return ""


def _needs_once_agreed(deal: Deal) -> str:
    if not deal.goods_fulfilled:
        return "delivery"
    return "" if deal.receipt else "a receipt"


# --- offers by hand ---------------------------------------------------------------------------------------

_OFFER = "deal price sku name brand condition valid due firm text answers fields"


@COMMANDS.command("deal.offer", _OFFER)
async def offer(node: Node, arguments: Arguments) -> JsonObject:
    """Offer by hand; a live offer that is not firm is superseded.

    With `sku` the item, its price, delivery and what it says of each wish come from the catalogue.
    """

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, side=VENDOR)
        if deal.proposal is None:
            raise InvalidInput("deal", "there is no proposal to answer", "See `obverse inbox`.")
        quote = _read_quote(desk, deal, deal.proposal, arguments)
        return shown_deal(desk, quotes.make_offer(desk, deal, quote))

    return await node.work(work)


def _read_quote(desk: Desk, deal: Deal, proposal: Proposal, arguments: Arguments) -> Quote:
    goods = _read_goods(desk, deal, proposal, arguments)
    price = arguments.maybe_money("price", proposal.currency)
    if price is None and goods.price is None and proposal.currency is not None:
        raise InvalidInput("price", "is missing", f"Write the total, such as 289.00, in {proposal.currency}.")
    if price is not None and price.currency != proposal.currency:
        raise InvalidInput("price", f"{price} where {proposal.currency or 'nothing'} is paid", "Mend it.")
    by_hand = _read_answers(arguments.objects("answers", 50))
    answered = {answer.wish for answer in by_hand}
    return Quote(
        price=price or goods.price,
        item=goods.item,
        valid=arguments.maybe_span("valid") or desk.setting.policy.offer_default,
        due_at=arguments.maybe_when("due", desk.signing_time) or goods.due_at,
        firm=arguments.flag("firm"),
        content=arguments.maybe_text("text", 5000),
        answers=(*by_hand, *(found for found in goods.answers if found.wish not in answered)),
        price_parts=goods.parts if price in (None, goods.price) else (),
        fields_asked=read_fields(arguments.texts("fields", 20)),
    )


def _read_goods(desk: Desk, deal: Deal, proposal: Proposal, arguments: Arguments) -> Goods:
    sku = arguments.maybe_text("sku", 64)
    if sku is not None:
        return goods_from_catalogue(desk, deal.account, proposal, sku)
    name = arguments.maybe_text("name", 200) or proposal.name or "As asked for"
    brand, condition = arguments.maybe_text("brand", 200), _condition(arguments)
    return Goods(Item(name=name, brand=brand, condition=condition))


def _condition(arguments: Arguments) -> str | None:
    if "condition" not in arguments:
        return None
    return arguments.choice("condition", ("new", "used", "refurbished"))


def _read_answers(listed: list[dict[str, Any]]) -> tuple[Answer, ...]:
    answers = []
    for raw in listed:
        answer = Arguments(raw)
        answer.only(("wish", "answer", "meets"))
        meets = Meets(answer.choice("meets", list(Meets), Meets.UNKNOWN))
        words = answer.maybe_text("answer", 500) or meets.value
        answers.append(Answer(answer.text("wish", 100), words, meets))
    if len({answer.wish for answer in answers}) != len(answers):
        raise InvalidInput("answer", "one wish is answered twice", "Answer each once.")
    return tuple(answers)


def read_fields(names: tuple[str, ...]) -> tuple[str, ...]:
    """What the vendor needs to know if accepted, by JSContact name. Raises: InvalidInput."""
    for name in names:
        if name not in FIELDS:
            raise InvalidInput("fields", f"{name!r} is no field that we know", f"Known: {', '.join(FIELDS)}.")
    return tuple(dict.fromkeys(names))


@COMMANDS.command("deal.offer.withdraw", "offer")
async def withdraw_offer(node: Node, arguments: Arguments) -> JsonObject:
    """Take a live offer back; a firm one stands."""

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, "offer", side=VENDOR)
        return shown_deal(desk, quotes.withdraw_offer(desk, deal, arguments.text("offer")))

    return await node.work(work)


@COMMANDS.command("deal.nobid", "deal reason text")
async def no_bid(node: Node, arguments: Arguments) -> JsonObject:
    """Say that there will be no offer, and why."""
    reason = arguments.choice("reason", NO_BID_REASONS)

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, side=VENDOR)
        return shown_deal(desk, quotes.refuse_to_bid(desk, deal, reason, arguments.maybe_text("text", 5000)))

    return await node.work(work)


# --- standing offers --------------------------------------------------------------------------------------


@COMMANDS.command("post.add", "sku lasts least text price")
async def add_post(node: Node, arguments: Arguments) -> JsonObject:
    """Publish a standing offer of a catalogue item: an ordinary post that anybody can order from."""

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        sku = arguments.text("sku", 64)
        item = desk.tx.catalogue.get(account.id, sku)
        if item is None:
            raise InvalidInput("sku", f"there is no item {sku!r}", "See `obverse catalogue list`.")
        price = arguments.maybe_money("price", item.price.currency)
        least = _least(arguments, item)
        lasts = arguments.maybe_span("lasts") or timedelta(days=30)
        words = arguments.maybe_text("text", 2000)
        priced = replace(item, price=price) if price else item
        return shown_posting(post_offer(desk, account, priced, lasts=lasts, minimum=least, words=words))

    return await node.work(work)


def _least(arguments: Arguments, item: CatalogueItem) -> Any:
    try:
        return parse_quantity(arguments.maybe_text("least", 20) or "1", item.unit).value
    except ValueError as error:
        raise InvalidInput("least", str(error), f"It is sold by the {item.unit}.") from None
